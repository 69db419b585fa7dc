import Foundation

/// What this process holds in memory of its own.
enum ProcessMemory {
  /// Bytes of resident memory without mapped files; nil where the system does not tell.
  static func bytes() -> Int? {
    #if os(Linux)
      let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var text = [UInt8](repeating: 0, count: 128)
      let count = read(file, &text, text.count)
      guard count > 0 else { return nil }
      // Pages: size, resident, shared (mapped files), ...
      let fields = text[..<count].split(separator: 0x20).prefix(3).map { Int(String(decoding: $0, as: UTF8.self)) }
      guard fields.count == 3, let resident = fields[1], let shared = fields[2] else { return nil }
      return max(0, resident - shared) * pageBytes
    #else
      return nil
    #endif
  }

  private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))
}
