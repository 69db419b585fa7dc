/// Names of configurations beside names that a table has for something else.
enum ConfigurationNames {
  /// One a label: the label as it is, or with ` (config)` behind it, as often as it takes, where it is one of the others.
  static func distinct(_ labels: [String], beside others: [String]) -> [String] {
    var taken = Set(labels + others)
    return labels.map { label in
      guard others.contains(label) else { return label }
      var name = label
      repeat { name += " (config)" } while !taken.insert(name).inserted
      return name
    }
  }
}
