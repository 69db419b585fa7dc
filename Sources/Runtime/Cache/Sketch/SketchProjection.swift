import Foundation
import Synchronization

/// The random matrix S of QJL, [headDim, sketch]: the same for all heads, layers and sequences of a setting; immutable.
public final class SketchProjection: Sendable {
  let headDim: Int
  let sketch: Int
  let rows: AlignedBuffer<Float>  // [headDim, sketch]
  let columns: AlignedBuffer<Float>  // [sketch, headDim]

  /// A given matrix [headDim, sketch].
  init(_ matrix: [Float], headDim: Int, sketch: Int) {
    self.headDim = headDim
    self.sketch = sketch
    rows = AlignedBuffer(count: headDim * sketch)
    columns = AlignedBuffer(count: headDim * sketch)
    for channel in 0..<headDim {
      for index in 0..<sketch {
        let number = matrix[channel * sketch + index]
        rows.base[channel * sketch + index] = number
        columns.base[index * headDim + channel] = number
      }
    }
  }

  /// What a matrix is made from.
  struct Key: Hashable, Sendable {
    let headDim: Int
    let sketch: Int
    /// Whether every headDim columns are made orthogonal.
    let isOrthogonal: Bool
    let seed: Int
    /// Apart for the first layers and the rest.
    let stream: Int
  }

  private static let made = Mutex<[Key: SketchProjection]>([:])

  /// The matrix of a setting; made once in a process, since it depends on nothing else.
  static func of(_ key: Key) -> SketchProjection {
    made.withLock { made in
      if let projection = made[key] { return projection }
      let projection = SketchProjection(key)
      made[key] = projection
      return projection
    }
  }

  /// Standard normal columns; with `isOrthogonal`, each run of headDim of them is made orthonormal and scaled by
  /// sqrt(headDim) (the last run may be shorter).
  convenience init(_ key: Key) {
    let count = key.headDim * key.sketch
    let uniform = PowerIteration.start(
      columns: count, rank: 2, seed: key.seed, stream: UInt64(truncatingIfNeeded: key.stream))
    // Box-Muller; [sketch, headDim].
    var columns = (0..<count).map { index in
      (-2 * log(1 - uniform[index])).squareRoot() * cos(2 * .pi * uniform[count + index])
    }
    if key.isOrthogonal {
      for first in stride(from: 0, to: key.sketch, by: key.headDim) {
        let width = min(key.headDim, key.sketch - first)
        let range = first * key.headDim..<(first + width) * key.headDim
        var run = Array(columns[range])
        PowerIteration.orthonormalise(&run, columns: width, length: key.headDim)
        columns.replaceSubrange(range, with: run.map { $0 * Float(key.headDim).squareRoot() })
      }
    }
    let matrix = (0..<count).map { columns[$0 % key.sketch * key.headDim + $0 / key.sketch] }
    self.init(matrix, headDim: key.headDim, sketch: key.sketch)
  }
}
