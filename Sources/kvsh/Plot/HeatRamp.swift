/// Colours and characters for a share from 0 to 1, dark to bright, even to the eye (viridis of Smith and van der Walt).
enum HeatRamp {
  private static let stops = [0x440154, 0x3B528B, 0x21918C, 0x5EC962, 0xFDE725].map { PlotPalette.Color(UInt32($0)) }

  static func color(_ share: Double) -> PlotPalette.Color {
    let place = min(max(share, 0), 1) * Double(stops.count - 1)
    let first = min(Int(place), stops.count - 2)
    let rest = place - Double(first)
    let mix = { (part: (PlotPalette.Color) -> UInt8) in
      UInt8(min(255, max(0, Double(part(stops[first])) * (1 - rest) + Double(part(stops[first + 1])) * rest)))
    }
    return PlotPalette.Color(red: mix(\.red), green: mix(\.green), blue: mix(\.blue))
  }

  /// Without colours: the emptier, the less.
  static func character(_ share: Double, unicode: Bool) -> Character {
    let levels: [Character] = unicode ? [" ", "░", "▒", "▓", "█"] : Array(" .:-=+*#%@")
    return levels[min(levels.count - 1, max(0, Int(share * Double(levels.count))))]
  }
}
