/// Colours that stay apart for colour-blind readers (Okabe and Ito 2008), with light twins for dark backgrounds.
enum PlotPalette {
  struct Color: Equatable, Sendable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    init(_ hex: UInt32) {
      red = UInt8(truncatingIfNeeded: hex >> 16)
      green = UInt8(truncatingIfNeeded: hex >> 8)
      blue = UInt8(truncatingIfNeeded: hex)
    }

    init(red: UInt8, green: UInt8, blue: UInt8) {
      (self.red, self.green, self.blue) = (red, green, blue)
    }

    var hex: String {
      "#"
        + [red, green, blue].map { byte in
          let digits = String(byte, radix: 16)
          return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Darker by `share` 0...1.
    func darkened(_ share: Double) -> Color {
      let keep = { (byte: UInt8) in UInt8(min(max(Double(byte) * (1 - share), 0), 255)) }
      return Color(red: keep(red), green: keep(green), blue: keep(blue))
    }

    /// The middle of several colours; nil for none.
    static func blend(_ colors: [Color]) -> Color? {
      guard !colors.isEmpty else { return nil }
      let mean = { (part: (Color) -> UInt8) in
        UInt8(min(colors.reduce(0) { $0 + Int(part($1)) } / colors.count, 255))
      }
      return Color(red: mean(\.red), green: mean(\.green), blue: mean(\.blue))
    }

    /// The nearest of the 6x6x6 cube and the grey ramp of a 256-colour terminal.
    var ansi256: Int {
      let levels = [0, 95, 135, 175, 215, 255]
      let parts = [Int(red), Int(green), Int(blue)]
      let cube = parts.map { part in
        levels.indices.min { abs(levels[$0] - part) < abs(levels[$1] - part) } ?? 0
      }
      let grey = min(max((parts.reduce(0, +) / 3 - 8 + 5) / 10, 0), 23)
      let distance = { (other: [Int]) in zip(parts, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      let greyLevel = 8 + grey * 10
      return distance([greyLevel, greyLevel, greyLevel]) < distance(cube.map { levels[$0] })
        ? 232 + grey : 16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
  }

  /// On a light background.
  static let light: [Color] = [0x0072B2, 0xD55E00, 0x008F68, 0xB4588F, 0xC98700, 0x3A9BD0, 0x7F6A00, 0x555555].map(
    Color.init)
  /// On a dark background and on terminals, whose background is unknown.
  static let dark: [Color] = [0x56B4E9, 0xF28E4B, 0x3CC79A, 0xE19BC7, 0xF0C04A, 0x8FD0F5, 0xD9CC5A, 0xB5B5B5].map(
    Color.init)

  /// Place `index` wrapped into the palette; a negative one counts from its end.
  static func place(_ index: Int) -> Int {
    let rest = index % light.count
    return rest < 0 ? rest + light.count : rest
  }
}
