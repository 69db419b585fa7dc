/// Names and values in the order they were written.
public struct Record: Sendable {
  public private(set) var keys: [String] = []
  public private(set) var values: [Value] = []
  private var positions: [String: Int] = [:]

  public init() {}

  public init(_ entries: [(String, Value)]) {
    for (key, value) in entries { self[key] = value }
  }

  /// The same names with other values, one for each.
  func with(values: [Value]) -> Record {
    var record = self
    record.values = values
    return record
  }

  public var count: Int { keys.count }

  /// The value of a name; setting a new name appends it, setting nil removes it.
  public subscript(key: String) -> Value? {
    get { positions[key].map { values[$0] } }
    set {
      if let newValue {
        if let position = positions[key] {
          values[position] = newValue
        } else {
          positions[key] = keys.count
          keys.append(key)
          values.append(newValue)
        }
      } else if let position = positions[key] {
        keys.remove(at: position)
        values.remove(at: position)
        positions = [:]
        for (index, key) in keys.enumerated() { positions[key] = index }
      }
    }
  }
}
