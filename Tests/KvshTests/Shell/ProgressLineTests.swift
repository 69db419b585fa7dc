import Foundation
import Synchronization
import Testing

@testable import kvsh

struct ProgressLineTests {
  /// A clock that stands still, and what was written.
  final class Desk: Sendable {
    let seconds = Mutex(0.0)
    let text = Mutex("")

    var written: String {
      text.withLock { text in
        defer { text = "" }
        return text
      }
    }

    func wait(_ more: Double) { seconds.withLock { $0 += more } }
  }

  let desk = Desk()

  private func line(isTerminal: Bool = true, isDumb: Bool = false, columns: Int = 80) -> ProgressLine {
    var traits = TerminalTraits.none
    traits.isErrorTerminal = isTerminal
    traits.isDumb = isDumb
    let desk = desk
    return ProgressLine(
      style: .init(traits), columns: { columns }, now: { desk.seconds.withLock { $0 } },
      write: { text in desk.text.withLock { $0 += text } })
  }

  private func state(_ done: Int, _ note: String = "") -> ProgressState {
    ProgressState(label: "run sharegpt", done: done, total: 1_000, note: note)
  }

  @Test("nothing shows before two seconds; then one line with rate, share and estimate, rewritten in place")
  func delay() {
    let line = line()
    line.update(state(0))
    desk.wait(1.9)
    line.update(state(19))
    #expect(desk.written == "")
    desk.wait(0.1)
    line.update(state(20, "kivi bits=2"))
    #expect(desk.written == "\rrun sharegpt  20/1000  2%  10/s  about 1 min 38 s left  kivi bits=2\u{1B}[K")
    desk.wait(0.05)
    line.update(state(21))
    #expect(desk.written == "")
    desk.wait(1.95)
    line.tick()
    #expect(desk.written == "\rrun sharegpt  21/1000  2%  5.2/s  about 3 min 6 s left\u{1B}[K")
    line.finish()
    #expect(desk.written == "\r\u{1B}[K")
    line.finish()
    line.tick()
    #expect(desk.written == "")
  }

  @Test("quick work shows nothing at all")
  func quick() {
    let line = line()
    for done in 0...10 { line.update(state(done)) }
    line.finish()
    #expect(desk.written == "")
  }

  @Test("rows taken over from the store do not count as speed")
  func resumed() {
    let line = line()
    line.update(state(900))
    desk.wait(10)
    line.update(state(910))
    #expect(desk.written.contains("910/1000  91%  1.0/s  about 1 min 30 s left"))
  }

  @Test("other output goes where the line was, and the line comes back")
  func aside() {
    let line = line()
    line.update(state(0))
    desk.wait(3)
    line.tick()
    _ = desk.written
    let desk = desk
    line.aside { desk.text.withLock { $0 += "printed\n" } }
    #expect(desk.written == "\r\u{1B}[Kprinted\n")
    line.tick()
    #expect(desk.written == "\rrun sharegpt  0/1000  0%  3 s so far\u{1B}[K")
  }

  @Test("no terminal is written past its edge, and a dumb one gets blanks")
  func narrow() {
    let line = line(isDumb: true, columns: 24)
    line.update(state(0))
    desk.wait(3)
    line.tick()
    #expect(desk.written == "\rrun sharegpt  0/1000  0")
    line.finish()
    #expect(desk.written == "\r" + String(repeating: " ", count: 23) + "\r")
  }

  @Test("a file gets at most a line every half minute, without control characters")
  func file() {
    let line = line(isTerminal: false)
    for second in 0..<100 {
      line.update(state(second))
      desk.wait(1)
    }
    line.finish()
    let lines = desk.written.split(separator: "\n")
    #expect(lines.map { $0.prefix(20) } == ["run sharegpt  30/100", "run sharegpt  60/100", "run sharegpt  90/100"])
    #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
  }

  @Test("new work begins anew")
  func next() {
    let line = line()
    line.update(state(0))
    desk.wait(5)
    line.update(state(10))
    _ = desk.written
    line.update(ProgressState(label: "load", done: 0, total: 0))
    #expect(desk.written == "\r\u{1B}[K")
    desk.wait(1)
    line.tick()
    #expect(desk.written == "")
    desk.wait(2)
    line.update(ProgressState(label: "load", done: 6, total: 0))
    #expect(desk.written == "\rload  6 done  2.0/s\u{1B}[K")
    line.finish()
  }

  @Test(
    "durations are two units",
    arguments: [
      (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (214, "3 min 34 s"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h"),
      (.infinity, "very long"), (.nan, "very long"),
    ])
  func durations(seconds: Double, text: String) { #expect(ProgressText.duration(seconds) == text) }

  @Test(
    "rates show a digit that says something",
    arguments: [
      (123.4, "123/s"), (4.12, "4.1/s"), (0.2, "12/min"), (0.02, "1.2/min"), (0.001, "3.6/h"),
    ])
  func rates(perSecond: Double, text: String) { #expect(ProgressText.rate(perSecond) == text) }

  @Test("numbers that make no sense do no harm")
  func nonsense() {
    let text = ProgressText(
      state: ProgressState(label: "a\nb", done: Int.max, total: 1), elapsedSeconds: 0, doneAtStart: Int.min)
    #expect(text.line(unicode: true).hasPrefix("a b  \(Int.max)/1  100%"))
  }
}
