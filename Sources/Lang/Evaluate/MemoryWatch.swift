/// Looks at the memory of the process often enough to end a script before the machine suffers.
///
/// Reading it takes microseconds, so it is read once per so many values made or passes run.
struct MemoryWatch {
  /// Bytes of new values between two looks.
  private static let stepBytes = 32 << 20
  /// Reports of little work, such as 4,096 passes, between two looks.
  private static let stepReports = 64

  private var madeBytes = 0
  private var reports = 0
  private var allowedBytes = Int.max

  /// Called where a text begins to run.
  mutating func start(_ limits: Limits) {
    allowedBytes = ProcessMemory.bytes().map { $0 + limits.memoryBytes } ?? Int.max
    (madeBytes, reports) = (0, 0)
  }

  /// Whether the process grew beyond the limit, as far as it was looked at.
  mutating func isOver(made bytes: Int) -> Bool {
    madeBytes += bytes
    guard madeBytes > Self.stepBytes else { return false }
    return isOver()
  }

  /// The same after little work of unknown size.
  mutating func isOverAfterReport() -> Bool {
    reports += 1
    guard reports > Self.stepReports else { return false }
    return isOver()
  }

  private mutating func isOver() -> Bool {
    (madeBytes, reports) = (0, 0)
    guard let bytes = ProcessMemory.bytes() else { return false }
    return bytes > allowedBytes
  }

  /// What a host's command took (a model, a cache) is not the script's.
  /// - Parameter before: `ProcessMemory.bytes()` before the command ran.
  mutating func excuse(since before: Int?) {
    guard allowedBytes < Int.max, let before, let after = ProcessMemory.bytes() else { return }
    allowedBytes += max(0, after - before)
  }
}

extension Value {
  /// Bytes of the value itself, without what the values in it hold.
  var ownBytes: Int {
    switch self {
    case .list(let elements): elements.count * MemoryLayout<Value>.stride
    case .string(let text): text.utf8.count
    case .table(let table): table.rowCount * table.columns.count * 16
    case .record(let record): record.count * 2 * MemoryLayout<Value>.stride
    default: 0
    }
  }
}
