using System.Runtime.CompilerServices;

namespace Registry.Core.Tests;

/// <summary>Waiting for what happens behind the requests.</summary>
internal static class Eventually
{
    /// <summary>Waits until something is true; fails when it does not come true in a long time.</summary>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        Testing.Eventually.HoldsAsync(() => Task.FromResult(condition()), what ?? string.Empty);
}
