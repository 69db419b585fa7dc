enum Version {
  /// The version of kvsh, `MAJOR.MINOR.PATCH`.
  static let kvsh = "0.1.0"
}
