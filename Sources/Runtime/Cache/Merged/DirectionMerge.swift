import Foundation

/// How the vectors of one token in two layers become one direction (sheet minicache). Both lengths are kept, so that each
/// vector is restored as its own length times the shared direction.
public struct DirectionMerge: Equatable, Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    /// On the great circle from the first vector's direction to the second's.
    case slerp
    /// Along the sum of the two vectors.
    case average
    /// Along the longer vector, the deeper layer's if both are as long.
    case maxnorm
  }

  public let mode: Mode
  /// Where on the circle: 0 is the first vector's direction, 1 the second's.
  public let t: Double

  public init(mode: Mode, t: Double) {
    self.mode = mode
    self.t = t
  }

  /// From this angle on two vectors have no direction in common.
  static let opposite = Double.pi - 1e-4

  /// The angle between two vectors, 0...pi; 0 if one of them has no length.
  ///
  /// From the lengths of sum and difference of the directions: an arc cosine would lose small angles.
  static func angle(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
    let (lengthA, lengthB) = (length(a, count), length(b, count))
    guard lengthA > 0, lengthB > 0 else { return 0 }
    var sum = 0.0
    var difference = 0.0
    for index in 0..<count {
      let (x, y) = (Double(a[index]) / lengthA, Double(b[index]) / lengthB)
      sum += (x + y) * (x + y)
      difference += (x - y) * (x - y)
    }
    return 2 * atan2(difference.squareRoot(), sum.squareRoot())
  }

  static func length(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += Double(x[index]) * Double(x[index]) }
    return sum.squareRoot()
  }

  /// Writes the unit direction of two vectors at an angle below `opposite`; zeros if both have no length.
  func direction(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, angle: Double, _ count: Int,
    into e: UnsafeMutablePointer<Float>
  ) {
    let (lengthA, lengthB) = (Self.length(a, count), Self.length(b, count))
    let (partA, partB) = parts(lengthA, lengthB, angle)
    var square = 0.0
    for index in 0..<count {
      let sum = partA * Double(a[index]) + partB * Double(b[index])
      square += sum * sum
    }
    let inverse = square > 0 ? 1 / square.squareRoot() : 0
    for index in 0..<count { e[index] = Float((partA * Double(a[index]) + partB * Double(b[index])) * inverse) }
  }

  /// What each vector contributes, before the sum is brought to length 1.
  private func parts(_ lengthA: Double, _ lengthB: Double, _ angle: Double) -> (Double, Double) {
    // A vector without length has no direction of its own: it takes the other's.
    guard lengthA > 0, lengthB > 0 else { return (lengthA > 0 ? 1 : 0, lengthB > 0 ? 1 : 0) }
    switch mode {
    case .average: return (1, 1)
    case .maxnorm: return lengthA > lengthB ? (1, 0) : (0, 1)
    case .slerp:
      // Parallel vectors: the circle's formula is 0 / 0 there, and the chord is the circle.
      guard angle >= 1e-4 else { return ((1 - t) / lengthA, t / lengthB) }
      let sine = sin(angle)
      return (sin((1 - t) * angle) / sine / lengthA, sin(t * angle) / sine / lengthB)
    }
  }
}

/// Which tokens are too different in two layers to be merged: those whose distance, the mean over heads of angle / pi, lies
/// within a share `gamma` of the range from the top.
public struct RetentionRule: Equatable, Sendable {
  public let gamma: Double

  public init(gamma: Double) { self.gamma = gamma }

  /// The least distance that is retained, from the extremes of the prompt's distances.
  func limit(least: Double, most: Double) -> Double {
    // Everything is retained at 1, also what is later closer than the prompt's closest.
    gamma >= 1 ? -.infinity : most - gamma * (most - least)
  }
}
