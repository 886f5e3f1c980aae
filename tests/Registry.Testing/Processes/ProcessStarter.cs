using System.Collections.Concurrent;
using System.Diagnostics;

namespace Registry.Testing.Processes;

/// <summary>
/// Starts all programs on one thread, which lives as long as this process. The signal that a program gets at the death of its parent (prctl(2),
/// PR_SET_PDEATHSIG) is sent when the thread that started it ends, and a thread of the pool may end at any time.
/// </summary>
internal static class ProcessStarter
{
    private static readonly BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> Orders = [];
    private static readonly Lazy<Thread> Starter = new(Run);

    /// <summary>Starts a program and returns when it runs.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public static Process Start(ProcessStartInfo info)
    {
        _ = Starter.Value;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Orders.Add((info, started));
        return started.Task.GetAwaiter().GetResult();
    }

    private static Thread Run()
    {
        var thread = new Thread(StartAll) { IsBackground = true, Name = "process starter" };
        thread.Start();
        return thread;
    }

    private static void StartAll()
    {
        foreach (var (info, started) in Orders.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
#pragma warning disable CA1031 // The caller gets it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                started.SetException(e);
            }
        }
    }
}
