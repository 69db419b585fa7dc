import Foundation

/// Normal numbers by counter: no state, so any part can be made by any thread.
struct TensorNoise {
  private let noise: Noise

  init(seed: UInt64) { noise = Noise(seed: seed, sample: "tensor", step: 0) }

  /// Numbers 2 pair and 2 pair + 1 by the transform of Box and Muller.
  func normals(pair: Int) -> (Float, Float) {
    let u = Noise.uniform(noise.bits(token: 2 * pair))
    let angle = 2 * Double.pi * Noise.uniform(noise.bits(token: 2 * pair + 1))
    let radius = (-2 * log(u)).squareRoot()
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
