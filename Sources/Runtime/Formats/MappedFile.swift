#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file read into memory by the operating system, page by page, as it is touched.
///
/// The bytes stay valid for as long as this object lives, so whoever keeps a pointer into them keeps the object too.
// Sendable is unchecked because of the pointer alone: the pages are mapped read-only (or written once, before
// `init` returns) and released by `deinit`, when no other reference is left.
public final class MappedFile: @unchecked Sendable {
  /// The path as it was given.
  public let path: String
  /// The whole content.
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// The last component of the path, which messages name.
  public var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Maps a regular file.
  ///
  /// Throws K201 if it cannot be opened, is not a regular file, or cannot be mapped.
  public init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw FormatProblems.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FormatProblems.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FormatProblems.cannotOpen(
        path: path, reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
    }
    guard let length = Int(exactly: status.st_size), length >= 0 else {
      throw FormatProblems.cannotOpen(path: path, reason: "it is too long to be mapped")
    }
    self.path = path
    isMapped = length > 0
    if length == 0 {
      // mmap refuses a length of zero.
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw FormatProblems.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: length)
  }

  /// A file that exists in memory only, for content that was built or received rather than stored.
  public init(content: [UInt8], name: String) {
    path = name
    isMapped = false
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
    copy.copyBytes(from: content)
    bytes = UnsafeRawBufferPointer(copy)
  }

  /// Lets go of the memory behind a part of the file that has been copied; reading it again brings it back.
  func release(_ part: UnsafeRawBufferPointer) {
    guard isMapped, let start = bytes.baseAddress, let first = part.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    // Whole pages only: the neighbours on the first and the last one may not have been read yet.
    let lower = (first - start + page - 1) / page * page
    let upper = (first - start + part.count) / page * page
    guard page > 0, lower >= 0, upper <= bytes.count, upper > lower else { return }
    madvise(UnsafeMutableRawPointer(mutating: start + lower), upper - lower, MADV_DONTNEED)
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}
