/// A reference that is not counted: whoever hands it on keeps the object. Threads that serve the same objects side by side
/// would otherwise write to the same counts, and a step would count thousands.
struct Uncounted<Object: AnyObject>: BitwiseCopyable {
  private let object: Unmanaged<Object>

  init(_ object: Object) { self.object = .passUnretained(object) }

  @inline(__always) func with<Result>(_ body: (Object) throws -> Result) rethrows -> Result {
    try object._withUnsafeGuaranteedRef(body)
  }

  /// The object, counted.
  var counted: Object { object.takeUnretainedValue() }
}

/// Objects that live as long as it does and are served without counting references to them.
struct HeldObjects<Object: AnyObject> {
  let objects: [Object]
  private let places: AlignedBuffer<Uncounted<Object>>

  init(_ objects: [Object]) {
    self.objects = objects
    places = AlignedBuffer(count: objects.count)
    for (index, object) in objects.enumerated() { places.base[index] = Uncounted(object) }
  }

  var count: Int { places.count }
  var indices: Range<Int> { 0..<places.count }

  /// Where they are found one behind the other.
  var base: UnsafePointer<Uncounted<Object>> { UnsafePointer(places.base) }

  @inline(__always) subscript(_ index: Int) -> Uncounted<Object> { places.base[index] }

  /// Calls `body` with each in turn.
  @inline(__always) func each(_ body: (Object) throws -> Void) rethrows {
    for index in indices { try places.base[index].with(body) }
  }

  @inline(__always) func sum(_ body: (Object) -> Int) -> Int {
    var total = 0
    for index in indices { total += places.base[index].with(body) }
    return total
  }

  @inline(__always) func contains(_ body: (Object) -> Bool) -> Bool {
    for index in indices where places.base[index].with(body) { return true }
    return false
  }
}
