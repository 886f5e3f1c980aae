using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Registry.Testing;

/// <summary>Waits for conditions that will hold soon.</summary>
public static class Eventually
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(25);

    /// <inheritdoc cref="HoldsAsync"/>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what ?? string.Empty);

    /// <summary>Waits until a condition holds, and fails when it does not within <see cref="Patience.Limit"/>.</summary>
    /// <param name="condition">The condition. It is checked repeatedly, at least once after the last wait.</param>
    /// <param name="what">The condition, for the failure: "the upload is gone".</param>
    /// <param name="cancellationToken">Cancels the waiting.</param>
    /// <exception cref="TimeoutException">It does not hold.</exception>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var start = Stopwatch.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var isLast = Stopwatch.GetElapsedTime(start) > Patience.Limit;
            if (await condition())
            {
                return;
            }

            if (isLast)
            {
                throw new TimeoutException($"Waited {Patience.Limit.TotalSeconds} s in vain until {what}.");
            }

            await Task.Delay(pause, cancellationToken);
            pause = pause < LongestPause ? 2 * pause : LongestPause;
        }
    }
}
