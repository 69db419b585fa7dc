import Foundation

/// Cosines and sines of the rotary angles, [position, headDim / 2], in the single-precision steps of the reference code.
struct RotaryTable: Sendable {
  let headDim: Int
  let pairs: ModelConfiguration.RotaryPairs
  /// Angle of one position [headDim / 2].
  private let frequencies: [Float]
  private let cosines: AlignedBuffer<Float>
  private let sines: AlignedBuffer<Float>
  private let positions: Int

  /// - Parameter factors: per-frequency divisors of long-context Llama 3 models, or nil.
  init(_ configuration: ModelConfiguration, factors: [Float]? = nil) {
    headDim = configuration.headDim
    pairs = configuration.rotaryPairs
    let half = headDim / 2
    frequencies = (0..<half).map { index in
      let exponent = Float(2 * index) / Float(configuration.headDim)
      let frequency = 1 / pow(configuration.rotaryBase, exponent)
      guard let factors, index < factors.count, factors[index] > 0 else { return frequency }
      return frequency / factors[index]
    }
    // Longer contexts fall back to computing angles, so that a table never costs more than the model.
    positions = min(configuration.contextTokens, 32_768)
    cosines = AlignedBuffer(count: positions * half)
    sines = AlignedBuffer(count: positions * half)
    for position in 0..<positions {
      for index in 0..<half {
        let angle = Float(position) * frequencies[index]
        cosines.base[position * half + index] = cos(angle)
        sines.base[position * half + index] = sin(angle)
      }
    }
  }

  /// Turns one head's vector in place by the angles of a signed number of positions.
  func turn(_ x: UnsafeMutablePointer<Float>, by positions: Int) {
    if positions.magnitude < UInt(self.positions) {
      let row = Int(positions.magnitude) * (headDim / 2)
      turn(x, cosines.base + row, sines.base + row, sign: positions < 0 ? -1 : 1)
    } else {
      for index in 0..<headDim / 2 {
        let angle = Float(positions) * frequencies[index]
        turnPair(x, index, cos(angle), sin(angle))
      }
    }
  }

  private func turn(
    _ x: UnsafeMutablePointer<Float>, _ cosine: UnsafePointer<Float>, _ sine: UnsafePointer<Float>, sign: Float
  ) {
    for index in 0..<headDim / 2 { turnPair(x, index, cosine[index], sine[index] * sign) }
  }

  @inline(__always) private func turnPair(
    _ x: UnsafeMutablePointer<Float>, _ index: Int, _ cosine: Float, _ sine: Float
  ) {
    let first = pairs == .adjacent ? 2 * index : index
    let second = pairs == .adjacent ? 2 * index + 1 : index + headDim / 2
    let a = x[first]
    let b = x[second]
    x[first] = a * cosine - b * sine
    x[second] = a * sine + b * cosine
  }
}
