using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Registry.Testing.Processes;

/// <summary>
/// Program in its own session, with captured output. Its child processes are in its process group unless they leave it on purpose, so ending
/// the group ends exactly the processes that this object started. The program gets SIGTERM when this process ends without disposing it.
/// </summary>
public sealed partial class BackgroundProcess : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int KeptLines = 4000;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly Queue<string> _standardOutput = new();
    private readonly List<(Regex Pattern, TaskCompletionSource<Match> Found)> _waiters = [];
    private readonly Action<string>? _onLine;
    private readonly Task _readers;
    private long _linesRead;
    private bool _ended;

    private BackgroundProcess(Process process, string commandLine, Action<string>? onLine)
    {
        _process = process;
        _onLine = onLine;
        CommandLine = commandLine;
        Id = process.Id;
        _readers = Task.WhenAll(ReadAsync(process.StandardOutput, _standardOutput), ReadAsync(process.StandardError, null))
            .ContinueWith(_ => FailWaiters(), TaskScheduler.Default);
    }

    public string CommandLine { get; }

    /// <summary>Process id, which is also the id of its session and of its process group.</summary>
    public int Id { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Last lines of standard output and standard error, in order of arrival.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Last lines of standard output alone.</summary>
    public string StandardOutput
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _standardOutput);
            }
        }
    }

    /// <summary>
    /// Starts a program on the PATH. The environment is added to that of this process; null removes a variable.
    /// </summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set or remove.</param>
    /// <param name="onLine">Receives every line of output, one at a time; <see cref="Output"/> keeps only the last.</param>
    public static BackgroundProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, Action<string>? onLine = null)
    {
        // setsid(1) makes the session, setpriv(1) asks for the signal, and the program follows, under the same process id.
        var info = new ProcessStartInfo("setsid", ["setpriv", "--pdeathsig", "TERM", program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            info.Environment[name] = value;
        }
        Process process = ProcessStarter.Start(info);
        process.StandardInput.Close();
        return new BackgroundProcess(process, string.Join(' ', info.ArgumentList), onLine);
    }

    /// <summary>Waits for a line of output, including lines before the call.</summary>
    /// <exception cref="InvalidOperationException">The process ended without such a line.</exception>
    /// <exception cref="TimeoutException">The deadline passed.</exception>
    public async Task<Match> WaitForLineAsync(Regex pattern, TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        var found = new TaskCompletionSource<Match>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_lines.Select(line => pattern.Match(line)).FirstOrDefault(match => match.Success) is { } earlier)
            {
                return earlier;
            }
            _waiters.Add((pattern, found));
            if (_ended)
            {
                found.TrySetException(Failure($"ended without printing a line that matches {pattern}"));
            }
        }
        try
        {
            return await found.Task.WaitAsync(deadline, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(Failure($"printed no line that matches {pattern} within {deadline.TotalSeconds} s").Message);
        }
    }

    /// <summary>Asks the program to end (SIGTERM) and waits for its end.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">The program did not end in time, and was killed.</exception>
    public async Task<int> TerminateAsync(TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        if (!_process.HasExited)
        {
            _ = SendSignal(Id, SigTerm);
        }
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(deadline, cancellationToken);
        }
        catch (TimeoutException)
        {
            Kill();
            throw new TimeoutException(Failure($"did not end within {deadline.TotalSeconds} s of SIGTERM").Message);
        }
        EndGroup();
        await DrainAsync();
        return _process.ExitCode;
    }

    /// <summary>Waits for the program to end by itself, a moment at the most.</summary>
    /// <returns>True when it has ended.</returns>
    public bool HasExitedWithin(TimeSpan deadline) => _process.WaitForExit(deadline);

    /// <summary>Sends SIGKILL to the whole process group; returns when the program has ended.</summary>
    public void Kill()
    {
        EndGroup();
        _process.WaitForExit();
    }

    /// <summary>Waits for the program to end by itself, and for its output.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it has been killed.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(deadline, cancellationToken);
        }
        catch (TimeoutException)
        {
            Kill();
            throw new TimeoutException(Failure($"did not end within {deadline.TotalSeconds} s").Message);
        }
        EndGroup();
        await DrainAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await DrainAsync();
        _process.Dispose();
    }

    // Reads to the end of the pipes. A descendant outside of the group may hold them open: silence counts as the end, too.
    private async Task DrainAsync()
    {
        for (long before = -1; !_readers.IsCompleted && before != Volatile.Read(ref _linesRead);)
        {
            before = Volatile.Read(ref _linesRead);
            await Task.WhenAny(_readers, Task.Delay(Silence));
        }
    }

    private void EndGroup()
    {
        if (SendSignal(-Id, SigKill) != 0 && !_process.HasExited)
        {
            // setsid has not made the group yet.
            _ = SendSignal(Id, SigKill);
        }
    }

    private InvalidOperationException Failure(string what) => new($"{CommandLine}\n{what}. Its output:\n{Output}");

    private static void Keep(Queue<string> lines, string line)
    {
        lines.Enqueue(line);
        if (lines.Count > KeptLines)
        {
            _ = lines.Dequeue();
        }
    }

    private async Task ReadAsync(StreamReader reader, Queue<string>? alsoTo)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                _linesRead++;
                _onLine?.Invoke(line);
                Keep(_lines, line);
                if (alsoTo is not null)
                {
                    Keep(alsoTo, line);
                }
                foreach ((Regex pattern, TaskCompletionSource<Match> found) in _waiters)
                {
                    if (pattern.Match(line) is { Success: true } match)
                    {
                        found.TrySetResult(match);
                    }
                }
            }
        }
    }

    private void FailWaiters()
    {
        lock (_gate)
        {
            _ended = true;
            foreach ((Regex pattern, TaskCompletionSource<Match> found) in _waiters)
            {
                found.TrySetException(Failure($"ended without printing a line that matches {pattern}"));
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
