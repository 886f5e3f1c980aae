namespace Registry.Torture;

/// <summary>Thrown when a promise was not kept.</summary>
/// <param name="message">The promise, and what happened instead.</param>
/// <param name="point">The point of failure; null if there is none.</param>
public sealed class ViolationException(string message, string? point = null) : Exception(message)
{
    /// <summary>Point of failure, as the command line takes it.</summary>
    public string? Point { get; } = point;
}
