using System.Runtime.InteropServices;

namespace Registry.Bench.Wire;

/// <summary>Waits for descriptors with poll(2).</summary>
internal static partial class Readiness
{
    public const short Input = 1;
    public const short Output = 4;

    private const int PatienceMilliseconds = 60_000;

    /// <summary>Waits for one descriptor.</summary>
    public static void Wait(int descriptor, short events) => Wait([new Watched { Descriptor = descriptor, Events = events }]);

    /// <summary>Waits until one of the descriptors is ready, and marks those that are.</summary>
    /// <exception cref="TimeoutException">The server did not answer.</exception>
    public static void Wait(Watched[] descriptors)
    {
        if (Poll(descriptors, (nuint)descriptors.Length, PatienceMilliseconds) <= 0)
        {
            throw new TimeoutException("The server did not answer.");
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll([In, Out] Watched[] descriptors, nuint count, int timeoutMilliseconds);

    /// <summary>A descriptor, the awaited events, and those that happened: <c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Watched
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
