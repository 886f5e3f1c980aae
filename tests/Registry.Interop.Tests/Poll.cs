using System.Diagnostics;

namespace Registry.Interop.Tests;

internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Asks again and again until the answer is yes, and fails when it is not within the deadline.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan deadline, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < deadline, $"{what}: not so after {deadline.TotalSeconds} s.");
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}
