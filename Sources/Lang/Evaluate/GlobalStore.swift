/// The session's variables: names with fixed slots, so that compiled code addresses them by number.
struct GlobalStore {
  private(set) var names: [String] = []
  private var slots: [String: Int] = [:]
  /// A nil is a slot whose variable was declared and has no value yet.
  var values: [Value?] = []

  func slot(_ name: String) -> Int? { slots[name] }

  func value(_ name: String) -> Value? { slots[name].flatMap { values[$0] } }

  /// The slot of a name, made if needed.
  mutating func declare(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    slots[name] = names.count
    names.append(name)
    values.append(nil)
    return names.count - 1
  }

  mutating func set(_ name: String, _ value: Value) { values[declare(name)] = value }
}
