/// What stands on the screen of a line being typed; turns the next frame into the least that must be sent.
///
/// Only movements that every terminal with a movable cursor knows are used, and no row is erased before it is written
/// again, so nothing flickers.
struct LineScreen {
  private var shown: LineFrame
  private var row = 0
  private var column = 0
  private var sent = ""
  private var style = ""

  init(columns: Int) { shown = LineFrame(columns: columns) }

  /// What to send to show a frame where the last one stands.
  mutating func show(_ next: LineFrame) -> String {
    sent = ""
    for index in next.rows.indices {
      let fresh = next.rows[index]
      let old = index < shown.rows.count ? shown.rows[index] : nil
      if index > 0, old == nil { makeRow(index, after: next.rows[index - 1]) }
      let same = zip(old?.cells ?? [], fresh.cells).prefix { $0 == $1 }.count
      let oldWidth = old?.width ?? 0
      if same == fresh.cells.count, oldWidth <= fresh.width { continue }
      move(to: index, fresh.cells[..<same].reduce(0) { $0 + $1.width })
      for cell in fresh.cells[same...] { write(cell, in: next) }
      plain()
      if oldWidth > fresh.width { sent += "\u{1B}[K" }
    }
    if shown.rows.count > next.rows.count {
      plain()
      move(to: next.rows.count, 0)
      sent += "\u{1B}[J"
    }
    plain()
    move(to: next.cursorRow, next.cursorColumn)
    shown = next
    return sent
  }

  /// What to send to show a frame in a window whose size has changed.
  ///
  /// - Parameter old: the last frame as the terminal has folded it anew.
  mutating func show(_ next: LineFrame, afterResizing old: LineFrame) -> String {
    let start = old.cursorRow > 0 ? "\u{1B}[\(old.cursorRow)A" : ""
    self = LineScreen(columns: next.columns)
    return start + "\r\u{1B}[J" + show(next)
  }

  /// What to send to leave a frame as it is and go to the row below it.
  mutating func finish(_ last: LineFrame) -> String {
    var text = show(last)
    if last.rows.count - 1 > row { text += "\u{1B}[\(last.rows.count - 1 - row)B" }
    text += "\r\n"
    self = LineScreen(columns: last.columns)
    return text
  }

  /// What to send to show a frame at the top of a cleared screen.
  mutating func clear(_ next: LineFrame) -> String {
    self = LineScreen(columns: next.columns)
    return "\u{1B}[H\u{1B}[2J" + show(next)
  }

  /// Makes the terminal have a row, in the way that tells it whether the text goes on there.
  private mutating func makeRow(_ index: Int, after before: LineFrame.Row) {
    plain()
    if before.wraps, let last = before.cells.last {
      if row != index - 1 || column != before.width {
        move(to: index - 1, before.width - last.width)
        write(last, in: nil)
        plain()
      }
      // The terminal folds by itself, and so copies and folds anew without a line break.
      sent += " \r"
    } else {
      move(to: index - 1, 0)
      sent += "\r\n"
    }
    (row, column) = (index, 0)
  }

  private mutating func move(to nextRow: Int, _ nextColumn: Int) {
    if nextRow < row { sent += "\u{1B}[\(row - nextRow)A" }
    if nextRow > row { sent += "\u{1B}[\(nextRow - row)B" }
    if nextRow != row || nextColumn != column {
      sent += nextColumn > 0 ? "\r\u{1B}[\(nextColumn)C" : "\r"
    }
    (row, column) = (nextRow, nextColumn)
  }

  private mutating func write(_ cell: ScreenCell, in frame: LineFrame?) {
    if cell.style != style {
      sent += cell.style.isEmpty ? "\u{1B}[0m" : "\u{1B}[0;\(cell.style)m"
      style = cell.style
    }
    sent += cell.text
    column += cell.width
    // Whatever width the terminal gave it, what follows stands where it is counted.
    if !cell.hasCertainWidth, let frame, column < frame.columns { sent += "\r\u{1B}[\(column)C" }
  }

  private mutating func plain() {
    if !style.isEmpty { sent += "\u{1B}[0m" }
    style = ""
  }
}
