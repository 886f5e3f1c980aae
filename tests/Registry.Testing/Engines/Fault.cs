namespace Registry.Testing.Engines;

/// <summary>Fault of a server, or of the way to it, in one exchange.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="After">Number of bytes of the answer, its head included, that arrive before; only for those of answers.</param>
public sealed record Fault(FaultKind Kind, long After = 0);
