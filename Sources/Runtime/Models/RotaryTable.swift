import Foundation

/// Cosines and sines of the rotary angles, [position, channels / 2], in the single-precision steps of the reference code.
final class RotaryTable: Sendable {
  /// Channels that rotate, the first of a head.
  let channels: Int
  let pairs: ModelConfiguration.RotaryPairs
  /// What rotated channels are multiplied by beside turning (the attention factor of Phi-3's long context), or 1.
  let scale: Float
  /// Angle of one position [channels / 2].
  private let frequencies: [Float]
  private let cosines: AlignedBuffer<Float>
  private let sines: AlignedBuffer<Float>
  private let positions: Int

  /// - Parameters:
  ///   - factors: per-frequency divisors of models stretched to long contexts, or nil.
  ///   - scale: what rotated channels are multiplied by.
  init(_ configuration: ModelConfiguration, factors: [Float]? = nil, scale: Float = 1) {
    channels = configuration.rotaryDim
    pairs = configuration.rotaryPairs
    self.scale = scale
    let half = channels / 2
    frequencies = (0..<half).map { index in
      let exponent = Float(2 * index) / Float(configuration.rotaryDim)
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

  /// Puts one head's query or key, as projected, at its position.
  func place(_ x: UnsafeMutablePointer<Float>, at position: Int) {
    turn(x, by: position)
    if scale != 1 { for channel in 0..<channels { x[channel] *= scale } }
  }

  /// Turns one head's vector in place by the angles of a signed number of positions.
  func turn(_ x: UnsafeMutablePointer<Float>, by positions: Int) {
    if positions.magnitude < UInt(self.positions) {
      let row = Int(positions.magnitude) * (channels / 2)
      turn(x, cosines.base + row, sines.base + row, sign: positions < 0 ? -1 : 1)
    } else {
      for index in 0..<channels / 2 {
        let angle = Float(positions) * frequencies[index]
        turnPair(x, index, cos(angle), sin(angle))
      }
    }
  }

  /// Calls `body` with cosines and sines [channels / 2] of a signed number of positions.
  func withAngles(of positions: Int, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
    let half = channels / 2
    if positions >= 0, positions < self.positions {
      return body(cosines.base + positions * half, sines.base + positions * half)
    }
    withKernelScratch(of: Float.self, capacity: 2 * half) { area in
      guard let base = area.baseAddress else { return }
      for index in 0..<half {
        let angle = Float(positions) * frequencies[index]
        base[index] = cos(angle)
        base[half + index] = sin(angle)
      }
      body(base, base + half)
    }
  }

  /// Cosine and sine of a pair's angle at a position.
  func angle(_ pair: Int, at position: Int) -> (cosine: Float, sine: Float) {
    if position >= 0, position < positions {
      let index = position * (channels / 2) + pair
      return (cosines.base[index], sines.base[index])
    }
    let angle = Float(position) * frequencies[pair]
    return (cos(angle), sin(angle))
  }

  private func turn(
    _ x: UnsafeMutablePointer<Float>, _ cosine: UnsafePointer<Float>, _ sine: UnsafePointer<Float>, sign: Float
  ) {
    for index in 0..<channels / 2 { turnPair(x, index, cosine[index], sine[index] * sign) }
  }

  @inline(__always) private func turnPair(
    _ x: UnsafeMutablePointer<Float>, _ index: Int, _ cosine: Float, _ sine: Float
  ) {
    let first = pairs == .adjacent ? 2 * index : index
    let second = pairs == .adjacent ? 2 * index + 1 : index + channels / 2
    let a = x[first]
    let b = x[second]
    x[first] = a * cosine - b * sine
    x[second] = a * sine + b * cosine
  }
}
