using System.Diagnostics;

namespace Registry.Core.Access.Passwords;

/// <summary>Speed of bcrypt on this machine, which is measured once.</summary>
internal static class BcryptSpeed
{
    private const int MeasuredCost = 6;
    private const int Runs = 5;
    private static readonly Lazy<double> Measured = new(Measure);

    /// <summary>Estimates the time of a check in milliseconds of a core. Each further cost doubles it.</summary>
    /// <param name="cost">Cost of the hash.</param>
    public static long MillisecondsOf(int cost) => (long)Math.Max(1, Math.Round(Measured.Value * (1L << (cost - MeasuredCost))));

    // The fastest of several runs: the first one loads code, and others may be interrupted.
    private static double Measure()
    {
        var hash = $"$2y${MeasuredCost:00}${new string('.', 53)}";
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < Runs; i++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            BCrypt.Net.BCrypt.Verify("password", hash);
            fastest = TimeSpan.FromTicks(Math.Min(fastest.Ticks, Stopwatch.GetElapsedTime(startedAt).Ticks));
        }

        return fastest.TotalMilliseconds;
    }
}
