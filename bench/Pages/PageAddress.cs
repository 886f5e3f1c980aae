namespace Registry.Bench.Pages;

/// <summary>An address that is measured.</summary>
/// <param name="Name">Its page, for people.</param>
/// <param name="Path">Path and query.</param>
/// <param name="IsNext">True for the page that follows the one at the path.</param>
internal sealed record PageAddress(string Name, string Path, bool IsNext = false);
