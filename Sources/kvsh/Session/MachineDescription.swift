import Foundation
import Runtime

/// What numbers depend on beside the program: processor, cores and memory, in one line.
enum MachineDescription {
  static let current = text(
    processor: processor, cores: ProcessInfo.processInfo.activeProcessorCount,
    memoryBytes: ProcessInfo.processInfo.physicalMemory)

  static func text(processor: String, cores: Int, memoryBytes: UInt64) -> String {
    let gibibytes = (Double(memoryBytes) / Double(1 << 30)).rounded()
    return "\(processor), \(cores) core\(cores == 1 ? "" : "s"), \(Int(gibibytes)) GiB"
  }

  private static var processor: String {
    #if os(Linux)
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      return processor(in: text) ?? architecture
    #else
      return architecture
    #endif
  }

  /// The first `model name` of proc(5)'s cpuinfo.
  static func processor(in information: String) -> String? {
    for line in information.split(separator: "\n") where line.hasPrefix("model name") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return name.isEmpty ? nil : name
    }
    return nil
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "an unnamed processor"
    #endif
  }
}
