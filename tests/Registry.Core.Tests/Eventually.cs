using System.Runtime.CompilerServices;

namespace Registry.Core.Tests;

/// <summary>Waits for the effects of background work.</summary>
internal static class Eventually
{
    /// <summary>Waits until a condition is true; fails after a long time.</summary>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        Testing.Eventually.HoldsAsync(() => Task.FromResult(condition()), what ?? string.Empty);
}
