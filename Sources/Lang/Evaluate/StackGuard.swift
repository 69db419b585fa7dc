import Foundation

/// Tells when the thread's own stack runs low, so that deep recursion is a problem and never a crash.
struct StackGuard {
  /// Bytes left for the host's commands and for unwinding.
  private static let reserveBytes: UInt = 192 * 1024
  /// What is assumed below the entry where the thread does not tell its stack.
  private static let assumedBytes: UInt = 256 * 1024
  private var lowest: UInt = 0

  /// Measures the calling thread; called where a session enters the evaluator.
  mutating func enter() {
    var marker: UInt8 = 0
    let here = withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
    lowest = Self.lowestAddress().map { $0 &+ Self.reserveBytes } ?? here &- Self.assumedBytes
  }

  /// Whether less than the reserve is left.
  @inline(never) func isLow() -> Bool {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) < lowest }
  }

  private static func lowestAddress() -> UInt? {
    #if canImport(Darwin)
      let top = UInt(bitPattern: pthread_get_stackaddr_np(pthread_self()))
      return top &- UInt(pthread_get_stacksize_np(pthread_self()))
    #elseif canImport(Glibc)
      // The GNU extensions of pthread.h are not imported into Swift, so the symbol is looked up.
      typealias GetAttributes = @convention(c) (pthread_t, UnsafeMutablePointer<pthread_attr_t>) -> Int32
      guard let symbol = dlsym(nil, "pthread_getattr_np") else { return nil }
      var attributes = pthread_attr_t()
      guard unsafeBitCast(symbol, to: GetAttributes.self)(pthread_self(), &attributes) == 0 else { return nil }
      defer { pthread_attr_destroy(&attributes) }
      var address: UnsafeMutableRawPointer?
      var size = 0
      guard pthread_attr_getstack(&attributes, &address, &size) == 0, let address else { return nil }
      return UInt(bitPattern: address)
    #else
      return nil
    #endif
  }
}
