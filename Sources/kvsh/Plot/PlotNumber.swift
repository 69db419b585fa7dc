import Foundation

/// Numbers as a figure prints them, the same in every locale: true minus sign, powers of ten as superscripts.
enum PlotNumber {
  /// `value` with so many decimals.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    let text = String(format: "%.\(min(max(decimals, 0), 15))f", abs(value))
    let isZero = !text.contains { $0 != "0" && $0 != "." }
    return value < 0 && !isZero ? "−" + text : text
  }

  /// A share 0...1 as a percentage with one decimal.
  static func percent(share: Double) -> String { fixed(share * 100, decimals: 1) + " %" }

  /// A count with thousands separated: 12,345.
  static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return value < 0 ? "−" + text : text
  }

  /// mantissa × 10^exponent, the mantissa left out if it is 1.
  static func power(mantissa: Int, exponent: Int) -> String {
    let power = "10" + superscript(exponent)
    return mantissa == 1 ? power : "\(mantissa)×" + power
  }

  /// The value with at most so many significant digits, as a power of ten when plain digits would be long.
  static func short(_ value: Double, significant: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    let exponent = Int(log10(abs(value)).rounded(.down))
    if exponent < -4 || exponent > 6 {
      let text = String(format: "%.\(max(significant - 1, 0))e", abs(value))
      let parts = text.split(separator: "e")
      guard parts.count == 2, let power = Int(parts[1]) else { return text }
      return (value < 0 ? "−" : "") + trimmed(String(parts[0])) + "×10" + superscript(power)
    }
    return trimmed(fixed(value, decimals: max(significant - 1 - exponent, 0)))
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func superscript(_ value: Int) -> String {
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    var text = value < 0 ? "⁻" : ""
    for digit in String(value.magnitude) {
      if let number = digit.wholeNumberValue { text.append(digits[number]) }
    }
    return text
  }
}
