import CIntrinsics
import Foundation

/// What the operating system says this process occupies; nil where it does not say.
///
/// Source: proc(5), /proc/self/status and /proc/self/smaps.
public enum ProcessMemory {
  /// Bytes resident now.
  public static var residentBytes: Int? { status("VmRSS") }

  /// The most bytes resident since the start, or since `resetHighWater`.
  public static var highWaterBytes: Int? { status("VmHWM") }

  /// Sets the high-water mark back to what is resident now; false where that cannot be done.
  public static func resetHighWater() -> Bool {
    #if os(Linux)
      guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
      defer { try? file.close() }
      return (try? file.write(contentsOf: Data("5".utf8))) != nil
    #else
      return false
    #endif
  }

  /// Hands freed memory back, so that what is resident is what is in use.
  public static func trim() {
    kv_trim_heap()
  }

  /// Resident bytes of this process's mappings of a file.
  public static func residentBytes(ofFile path: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/smaps", encoding: .utf8) else { return nil }
    return residentBytes(ofFile: path, smaps: text)
  }

  static func residentBytes(ofFile path: String, smaps: String) -> Int {
    var total = 0
    var isOfFile = false
    for line in smaps.split(separator: "\n") {
      // A mapping's first line begins with its addresses, 7f0c-7f1c; what follows are names with a colon.
      if line.prefix(while: { $0 != " " }).contains("-") {
        isOfFile = line.hasSuffix(" " + path)
      } else if isOfFile, line.hasPrefix("Rss:") {
        total += kilobytes(line) ?? 0
      }
    }
    return total
  }

  /// A line of /proc/self/status in bytes.
  private static func status(_ name: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    return field(name, in: text)
  }

  /// The bytes that a `Name:  123 kB` line of a text tells.
  static func field(_ name: String, in text: String) -> Int? {
    text.split(separator: "\n").first { $0.hasPrefix(name + ":") }.flatMap(kilobytes)
  }

  private static func kilobytes(_ line: Substring) -> Int? {
    let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard words.count >= 2, let number = Int(words[1]) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1024)
    return overflow ? nil : bytes
  }
}
