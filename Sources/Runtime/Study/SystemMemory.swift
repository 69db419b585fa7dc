import Foundation

/// Memory the machine can still give; nil where the operating system does not say.
public enum SystemMemory {
  /// What is available without swapping, and no more than the control group allows.
  ///
  /// Sources: proc(5), /proc/meminfo; the kernel's cgroup-v2 document, memory.max, memory.current and memory.stat.
  public static var availableBytes: Int? {
    func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
    let group = "/sys/fs/cgroup/memory"
    return available(
      memoryInformation: text("/proc/meminfo"), limit: text(group + ".max"), current: text(group + ".current"),
      statistics: text(group + ".stat"))
  }

  /// - Parameters:
  ///   - limit: a number of bytes, or `max` for none.
  ///   - statistics: lines of a name and a number; pages of files go when they must.
  static func available(memoryInformation: String?, limit: String?, current: String?, statistics: String?) -> Int? {
    let machine = memoryInformation.flatMap { ProcessMemory.field("MemAvailable", in: $0) }
    func number(_ text: String?) -> Int? { text.flatMap { Int($0.filter { !$0.isWhitespace }) } }
    guard let limit = number(limit), let current = number(current) else { return machine }
    let reclaimable = statistics?.split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
      .flatMap { Int($0.dropFirst("inactive_file ".count)) }
    let group = max(0, limit - max(0, current - (reclaimable ?? 0)))
    return machine.map { min($0, group) } ?? group
  }
}
