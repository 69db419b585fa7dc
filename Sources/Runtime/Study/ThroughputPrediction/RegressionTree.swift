/// A binary regression tree grown by least squares.
struct RegressionTree: Sendable {
  private struct Node: Sendable {
    /// The feature that decides; -1 in a leaf.
    var feature: Int32
    /// Where the low child stands; the high one follows it.
    var child: Int32
    /// The threshold of an inner node (not above goes low), the value of a leaf.
    var value: Double
  }

  private var nodes: [Node] = []

  /// - Parameter weights: how often each row is in the sample. // [rows]
  init(_ rows: TrainingRows, weights: [Int32], depth: Int, minimumSplit: Int) {
    var grower = Grower(rows: rows, weights: weights, minimumSplit: minimumSplit)
    nodes = [Node(feature: -1, child: 0, value: 0)]
    // Parts that are still to be split: node, range within the orders, depth.
    var open: [(node: Int, range: Range<Int>, depth: Int)] = [(0, 0..<grower.count, 0)]
    while let (node, range, level) = open.popLast() {
      let total = grower.total(range)
      guard level < depth, let split = grower.bestSplit(range, total) else {
        nodes[node].value = total.count > 0 ? total.sum / Double(total.count) : 0
        continue
      }
      let middle = grower.partition(range, split)
      let child = nodes.count
      nodes[node] = Node(feature: Int32(split.feature), child: Int32(child), value: split.threshold)
      nodes += [Node(feature: -1, child: 0, value: 0), Node(feature: -1, child: 0, value: 0)]
      open.append((child, range.lowerBound..<middle, level + 1))
      open.append((child + 1, middle..<range.upperBound, level + 1))
    }
  }

  func callAsFunction(_ features: [Double]) -> Double {
    var node = nodes[0]
    while node.feature >= 0 {
      node = nodes[Int(node.child) + (features[Int(node.feature)] <= node.value ? 0 : 1)]
    }
    return node.value
  }
}

/// Finds splits: the rows of a sample in the order of every feature, the rows of a node side by side in each.
private struct Grower {
  struct Split {
    var feature: Int
    var threshold: Double
  }

  let rows: TrainingRows
  let weights: [Int32]
  let minimumSplit: Int
  /// [features][rows of the sample]
  var orders: [[Int32]]
  private var goesLow: [Bool]
  private var kept: [Int32] = []

  init(rows: TrainingRows, weights: [Int32], minimumSplit: Int) {
    self.rows = rows
    self.weights = weights
    self.minimumSplit = max(2, minimumSplit)
    orders = rows.orders.map { $0.filter { weights[Int($0)] > 0 } }
    goesLow = Array(repeating: false, count: weights.count)
  }

  var count: Int { orders.first?.count ?? 0 }

  func total(_ range: Range<Int>) -> (count: Int, sum: Double) {
    guard let order = orders.first else { return (0, 0) }
    var (count, sum) = (0, 0.0)
    for place in range {
      let row = Int(order[place])
      count += Int(weights[row])
      sum += Double(weights[row]) * rows.targets[row]
    }
    return (count, sum)
  }

  /// The split after which the squares about the two means are least; nil for a node that is too small, or all alike.
  func bestSplit(_ range: Range<Int>, _ total: (count: Int, sum: Double)) -> Split? {
    // Rows are counted once however often they were drawn, as in Vidur's library.
    guard range.count >= minimumSplit else { return nil }
    let whole = total.sum * total.sum / Double(total.count)
    // A gain no larger than rounding is none: the targets are alike.
    var best = whole + abs(whole) * 1e-14
    var found: Split?
    for feature in orders.indices {
      let (order, column) = (orders[feature], rows.columns[feature])
      var (count, sum) = (0, 0.0)
      for place in range.dropLast() {
        let row = Int(order[place])
        count += Int(weights[row])
        sum += Double(weights[row]) * rows.targets[row]
        let (value, next) = (column[row], column[Int(order[place + 1])])
        guard value < next else { continue }
        let rest = total.sum - sum
        let explained = sum * sum / Double(count) + rest * rest / Double(total.count - count)
        if explained > best {
          best = explained
          // Halves rather than half the sum, which may overflow.
          found = Split(feature: feature, threshold: value / 2 + next / 2)
        }
      }
    }
    return found
  }

  /// Moves the rows of the low side to the front in every order, each side keeping its order; returns where the high begins.
  mutating func partition(_ range: Range<Int>, _ split: Split) -> Int {
    let column = rows.columns[split.feature]
    for place in range {
      let row = Int(orders[split.feature][place])
      goesLow[row] = column[row] <= split.threshold
    }
    var middle = range.lowerBound
    for feature in orders.indices {
      middle = range.lowerBound
      kept.removeAll(keepingCapacity: true)
      for place in range {
        let row = orders[feature][place]
        if goesLow[Int(row)] {
          orders[feature][middle] = row
          middle += 1
        } else {
          kept.append(row)
        }
      }
      for (offset, row) in kept.enumerated() { orders[feature][middle + offset] = row }
    }
    return middle
  }
}
