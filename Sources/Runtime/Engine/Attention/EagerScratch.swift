/// Memory that eager attention writes out: whole tensors, one layer's at a time.
struct EagerScratch {
  /// Scores, then weights, of all query heads, rows and keys.
  var scores = GrowingBuffer<Float>()
  /// What is added to scores: 0 where a row may look, -infinity where not.
  var masks = GrowingBuffer<Float>()
  /// Keys and values of all query heads.
  var expanded = GrowingBuffer<UInt8>()
  /// Queries times 1 / sqrt(headDim).
  var queries = GrowingBuffer<Float>()
  /// Each row's largest score, then its sum of exponentials.
  var rowMaxima = GrowingBuffer<Float>()
  var rowTotals = GrowingBuffer<Float>()
  /// Weights of a step, the group's query heads made one, for methods that ask for them.
  var observed = GrowingBuffer<Float>()
  /// Rows of stored weights as floats again, one area a worker.
  var weights = GrowingBuffer<Float>()
}
