/// Cuts line segments at the frame.
enum PlotClip {
  /// The part of a segment inside the unit square, nil if none (Liang and Barsky 1984).
  static func segment(_ start: (x: Double, y: Double), _ end: (x: Double, y: Double))
    -> ((x: Double, y: Double), (x: Double, y: Double))?
  {
    guard start.x.isFinite, start.y.isFinite, end.x.isFinite, end.y.isFinite else { return nil }
    let dx = end.x - start.x
    let dy = end.y - start.y
    var enter = 0.0
    var leave = 1.0
    for (slope, distance) in [(-dx, start.x), (dx, 1 - start.x), (-dy, start.y), (dy, 1 - start.y)] {
      if slope == 0 {
        if distance < 0 { return nil }
        continue
      }
      let at = distance / slope
      if slope < 0 { enter = max(enter, at) } else { leave = min(leave, at) }
    }
    guard enter <= leave else { return nil }
    return ((start.x + dx * enter, start.y + dy * enter), (start.x + dx * leave, start.y + dy * leave))
  }
}
