import CIntrinsics
import KernelABI

/// Loops that do nothing but keep one unit of the processor busy: what kernels are measured against.
public enum Ceilings {
  /// Reads memory in whole cache lines and adds it up; `bytes` a multiple of 512.
  public static func read(_ source: UnsafeRawPointer, _ bytes: Int) -> UInt64 {
    typealias Words = SIMD8<UInt64>
    var a = Words()
    var b = Words()
    var c = Words()
    var d = Words()
    var place = 0
    while place < bytes {
      let p = source + place
      a = a &+ p.load(as: Words.self) ^ (p + 256).load(as: Words.self)
      b = b &+ (p + 64).load(as: Words.self) ^ (p + 320).load(as: Words.self)
      c = c &+ (p + 128).load(as: Words.self) ^ (p + 384).load(as: Words.self)
      d = d &+ (p + 192).load(as: Words.self) ^ (p + 448).load(as: Words.self)
      place = place &+ 512
    }
    return (a &+ b &+ c &+ d).wrappedSum()
  }

  // As many independent chains as hide the latency and fit the registers.
  #if KERNELS_V4
    private static let floatChains = 16
    private static let byteChains = 12
  #elseif KERNELS_V3
    private static let floatChains = 6
    private static let byteChains = 3
  #else
    private static let floatChains = 3
    private static let byteChains = 2
  #endif

  /// Operations of one round of `multiplyAddFloats`: a product and a sum in each lane of each chain.
  public static let floatOperations = floatChains * 16 * 2

  /// Independent chains of single-precision multiply-adds.
  public static func multiplyAddFloats(_ rounds: Int, _ x: Float, _ y: Float) -> Float {
    let a = Floats(repeating: x)
    let b = Floats(repeating: y)
    var (s0, s1, s2) = (a, a + 1, a + 2)
    #if !KERNELS_BASE
      var (s3, s4, s5) = (a + 3, a + 4, a + 5)
    #endif
    #if KERNELS_V4
      var (s6, s7, s8, s9, s10) = (a + 6, a + 7, a + 8, a + 9, a + 10)
      var (s11, s12, s13, s14, s15) = (a + 11, a + 12, a + 13, a + 14, a + 15)
    #endif
    var round = 0
    while round < rounds {
      s0 = multiplyAdd(a, s0, b)
      s1 = multiplyAdd(a, s1, b)
      s2 = multiplyAdd(a, s2, b)
      #if !KERNELS_BASE
        s3 = multiplyAdd(a, s3, b)
        s4 = multiplyAdd(a, s4, b)
        s5 = multiplyAdd(a, s5, b)
      #endif
      #if KERNELS_V4
        s6 = multiplyAdd(a, s6, b)
        s7 = multiplyAdd(a, s7, b)
        s8 = multiplyAdd(a, s8, b)
        s9 = multiplyAdd(a, s9, b)
        s10 = multiplyAdd(a, s10, b)
        s11 = multiplyAdd(a, s11, b)
        s12 = multiplyAdd(a, s12, b)
        s13 = multiplyAdd(a, s13, b)
        s14 = multiplyAdd(a, s14, b)
        s15 = multiplyAdd(a, s15, b)
      #endif
      round = round &+ 1
    }
    var sum = s0 + s1 + s2
    #if !KERNELS_BASE
      sum += s3 + s4 + s5
    #endif
    #if KERNELS_V4
      sum += s6 + s7 + s8 + s9 + s10
      sum += s11 + s12 + s13 + s14 + s15
    #endif
    return laneSum(sum)
  }

  /// Operations of one round of `dotBytes`: sixteen dot products of four bytes a chain.
  public static let byteOperations = byteChains * 64 * 2

  /// Independent chains of byte dot products of 4-bit codes, as the integer product has them; `weights` has 768 bytes.
  public static func dotBytes(_ rounds: Int, _ weights: UnsafeRawPointer) -> Int32 {
    @inline(__always) func load(_ index: Int) -> SIMD64<UInt8> {
      let words = (weights + 64 * index).loadUnaligned(as: SIMD16<UInt32>.self)
      return unsafeBitCast(words & SIMD16<UInt32>(repeating: 0x0f0f_0f0f), to: SIMD64<UInt8>.self)
    }
    var (s0, s1) = (Ints(), Ints())
    #if !KERNELS_BASE
      var s2 = Ints()
    #endif
    #if KERNELS_V4
      var (s3, s4, s5, s6, s7) = (Ints(), Ints(), Ints(), Ints(), Ints())
      var (s8, s9, s10, s11) = (Ints(), Ints(), Ints(), Ints())
    #endif
    var round = 0
    while round < rounds {
      // Another word each time, or what does not change would be computed once.
      let x = Int32(truncatingIfNeeded: round) &* 0x0101_0103
      s0 = kv_dot4(s0, load(0), x)
      s1 = kv_dot4(s1, load(1), x)
      #if !KERNELS_BASE
        s2 = kv_dot4(s2, load(2), x)
      #endif
      #if KERNELS_V4
        s3 = kv_dot4(s3, load(3), x)
        s4 = kv_dot4(s4, load(4), x)
        s5 = kv_dot4(s5, load(5), x)
        s6 = kv_dot4(s6, load(6), x)
        s7 = kv_dot4(s7, load(7), x)
        s8 = kv_dot4(s8, load(8), x)
        s9 = kv_dot4(s9, load(9), x)
        s10 = kv_dot4(s10, load(10), x)
        s11 = kv_dot4(s11, load(11), x)
      #endif
      round = round &+ 1
    }
    var sum = s0 &+ s1
    #if !KERNELS_BASE
      sum &+= s2
    #endif
    #if KERNELS_V4
      sum &+= s3 &+ s4 &+ s5 &+ s6 &+ s7
      sum &+= s8 &+ s9 &+ s10 &+ s11
    #endif
    return sum.wrappedSum()
  }
}
