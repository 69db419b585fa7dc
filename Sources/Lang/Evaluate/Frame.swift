/// Compiled code: evaluates in a frame.
typealias Code = @Sendable (Frame) throws -> Value

/// The local variables of one running function, addressed by the slot that the compiler gave each.
///
/// The slots are raw memory because an array in a class pays an exclusivity check and a uniqueness check per access;
/// only slots below `count` are ever compiled.
final class Frame {
  /// How the statement that just ran ended.
  enum Signal { case next, breakLoop, continueLoop, returnFunction }

  let slots: UnsafeMutablePointer<Value>
  let count: Int
  let context: Context
  var signal = Signal.next

  init(count: Int, context: Context) {
    self.count = count
    self.context = context
    slots = UnsafeMutablePointer<Value>.allocate(capacity: max(count, 1))
    slots.initialize(repeating: .nil, count: count)
  }

  deinit {
    slots.deinitialize(count: count)
    slots.deallocate()
  }
}
