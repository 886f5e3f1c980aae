namespace Registry.Core.Tests;

/// <summary>Waiting for what happens behind the requests.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until something is true; fails when it does not come true in a long time.</summary>
    public static async Task TrueAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, "It did not happen.");
            await Task.Delay(1);
        }
    }
}
