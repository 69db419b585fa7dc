#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The bytes of a file, mapped read-only, so that a file of hundreds of megabytes costs no copy.
///
/// Unchecked Sendable: the mapping is private, read-only and lives as long as the object.
final class DatasetBytes: @unchecked Sendable {
  let path: String
  private let raw: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// - Throws: K402 if `path` is missing, a folder or unreadable.
  init(path: String) throws {
    self.path = path
    // Without O_NONBLOCK a named pipe would wait for its writer before it can be refused.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw DatasetProblems.unreadable(path, Self.lastError()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DatasetProblems.unreadable(path, Self.lastError()) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "is not a plain file"
      throw DatasetProblems.unreadable(path, kind)
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      // mmap refuses an empty range.
      raw = UnsafeRawBufferPointer(start: nil, count: 0)
      isMapped = false
      return
    }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw DatasetProblems.unreadable(path, Self.lastError())
    }
    _ = madvise(start, count, MADV_SEQUENTIAL)
    raw = UnsafeRawBufferPointer(start: start, count: count)
    isMapped = true
  }

  /// Bytes that are in memory already, under the name that messages use.
  init(_ bytes: [UInt8], name: String) {
    path = name
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    copy.copyBytes(from: bytes)
    raw = UnsafeRawBufferPointer(copy)
    isMapped = false
  }

  var count: Int { raw.count }

  /// Lends the bytes to `body`, and keeps the mapping until it returns.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(raw)
  }

  deinit {
    guard let start = raw.baseAddress else { return }
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: start), raw.count)
    } else {
      raw.deallocate()
    }
  }

  static func lastError() -> String {
    String(cString: strerror(errno)).lowercasedFirst
  }
}

extension String {
  /// "No such file" as "no such file", to stand after a colon.
  fileprivate var lowercasedFirst: String {
    prefix(1).lowercased() + dropFirst()
  }
}
