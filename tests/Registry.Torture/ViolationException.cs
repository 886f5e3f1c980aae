namespace Registry.Torture;

/// <summary>A promise was not kept.</summary>
/// <param name="message">Which, and what happened instead.</param>
/// <param name="point">The point of failure at which; null where there is none.</param>
public sealed class ViolationException(string message, string? point = null) : Exception(message)
{
    /// <summary>The point of failure, as the command line takes it.</summary>
    public string? Point { get; } = point;
}
