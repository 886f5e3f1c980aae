using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;

namespace Registry.Files.Watching;

/// <summary>
/// A file, or a group of files that belong together, that the operator may edit while the registry runs. Four times a second, the registry opens
/// it, and reads it when it may have changed: when it is another file, or has another size or other times. An edit takes effect once two
/// successive checks have read the same content: tools that write in place, such as Apache's htpasswd, would otherwise be read halfway, and half
/// a list of users is a valid one. If the new content cannot be read or understood, the last good version stays in force, and the log says so.
/// Files that belong together are read together, so that a new certificate waits for its key. A file may name others, whose edits then count as its own.
/// </summary>
/// <remarks>
/// Two edits within the granularity of a file system's clock, two seconds at worst, leave the same times. A file that has changed is therefore
/// read at every check for longer than that, and any file once a minute, for file systems that keep no such times. The check opens the file
/// because NFS then asks its server for the times (close-to-open consistency).
/// </remarks>
public sealed partial class WatchedFile<T> : IReloadable, IAsyncDisposable
    where T : class
{
    /// <summary>Time between two checks. An edit needs two of them, and must be in force within a second.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    // Three seconds, and a minute.
    internal const int LooksAfterChange = 12;
    internal const int LooksBetweenReads = 240;

    private readonly IReadOnlyList<string> _paths;
    private readonly string _name;
    private readonly Func<IReadOnlyList<byte[]>, T> _parse;
    private readonly Func<T, IReadOnlyList<string>>? _named;
    private readonly ILogger _logger;
    private readonly Lock _turn = new();
    private readonly PeriodicTimer _timer;
    private readonly Task _loop;
    private IReadOnlyList<byte[]> _content;
    private IReadOnlyList<byte[]>? _candidate;
    private FileStamp[]? _stamps;
    private int _unchanged;
    private string? _lastFault;
    private string? _suspected;
    private T _value;

    /// <summary>Reads the file for the first time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parse">Parses its content.</param>
    /// <param name="time">Clock of the checks.</param>
    /// <param name="logger">Log of edits and faults.</param>
    /// <param name="named">Returns the files that a value was read from besides, by <paramref name="parse"/>, which is called again after an edit of one. Null for none.</param>
    /// <exception cref="UnusableFileException">The file cannot be read or understood.</exception>
    public WatchedFile(string path, Func<byte[], T> parse, TimeProvider time, ILogger logger, Func<T, IReadOnlyList<string>>? named = null)
        : this([path], contents => parse(contents[0]), time, logger, named)
    {
    }

    /// <summary>Reads files that belong together for the first time.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="parse">Parses the contents, in the order of the paths, into one value.</param>
    /// <param name="time">Clock of the checks.</param>
    /// <param name="logger">Log of edits and faults.</param>
    /// <exception cref="UnusableFileException">A file cannot be read, or the contents cannot be understood.</exception>
    public WatchedFile(IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> parse, TimeProvider time, ILogger logger)
        : this(paths, parse, time, logger, named: null)
    {
    }

    private WatchedFile(IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> parse, TimeProvider time, ILogger logger, Func<T, IReadOnlyList<string>>? named)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(parse);
        _paths = paths;
        _name = string.Join(" with ", paths);
        _parse = parse;
        _named = named;
        _logger = logger;
        try
        {
            _content = ReadFiles([]);
            _value = parse(_content);
            _content = AddNamed(_content, _value);
        }
#pragma warning disable CA1031 // Parsers throw what their libraries throw; the caller reports all of it with the name of the setting.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new UnusableFileException(ReasonOf(e), e);
        }

        _timer = new PeriodicTimer(Period, time);
        _loop = Task.Run(WatchAsync);
    }

    /// <summary>Number of times that the files were read.</summary>
    internal int Reads { get; private set; }

    /// <summary>Value of the last good version.</summary>
    public T Value => Volatile.Read(ref _value);

    /// <inheritdoc/>
    /// <remarks>An operator who reloads has finished the edit, so it does not wait for a second check.</remarks>
    public ReloadOutcome Reload()
    {
        lock (_turn)
        {
            try
            {
                var content = ReadFiles(Named(_value));
                var hasChanged = !AreSame(content, _content);
                if (hasChanged)
                {
                    Take(content);
                }

                _candidate = null;
                _lastFault = null;
                _suspected = null;
                return new ReloadOutcome(hasChanged, null);
            }
#pragma warning disable CA1031 // As for a look.
            catch (Exception e)
#pragma warning restore CA1031
            {
                var reason = ReasonOf(e);
                _suspected = _lastFault = reason;
                return new ReloadOutcome(false, reason);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _loop;
    }

    /// <summary>Checks the file once.</summary>
    internal void Look()
    {
        try
        {
            if (MayHaveChanged())
            {
                Consider(ReadFiles(Named(_value)));
                _suspected = null;
            }
        }
#pragma warning disable CA1031 // Whatever is wrong with a file, the registry goes on with the last good version and keeps looking.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Editors remove a file for a moment: a fault is logged only if the second check finds it, too.
            var reason = ReasonOf(e);
            if (_suspected == reason && _lastFault != reason)
            {
                _lastFault = reason;
                LogBroken(_name, reason);
            }

            _suspected = reason;
        }
    }

    private bool MayHaveChanged()
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        FileStamp[]? before = _stamps;
        _stamps = null;
        FileStamp[] stamps = ReadStamps();
        _stamps = stamps;
        _unchanged = before is not null && before.AsSpan().SequenceEqual(stamps) ? _unchanged + 1 : 0;
        return _unchanged <= LooksAfterChange || _unchanged % LooksBetweenReads == 0;
    }

    [SupportedOSPlatform("linux")]
    private FileStamp[] ReadStamps() => [.. _paths.Select(path => Naming(path, StampOf)), .. Named(_value).Select(path => UnlessLost(path, StampOf, default))];

    [SupportedOSPlatform("linux")]
    private static FileStamp StampOf(string path)
    {
        using (Posix.OpenToWatch(path, out var stamp))
        {
            return stamp;
        }
    }

    // With a single file, the caller already names it in front of the reason.
    private TResult Naming<TResult>(string path, Func<string, TResult> use)
    {
        try
        {
            return use(path);
        }
        catch (IOException e) when (_paths.Count > 1)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

    private async Task WatchAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            lock (_turn)
            {
                Look();
            }
        }
    }

    private string ReasonOf(Exception e) => IoFault.Reason(e, _paths.Count == 1 ? _paths[0] : null);

    private IReadOnlyList<string> Named(T value) => _named?.Invoke(value) ?? [];

    private byte[][] ReadFiles(IReadOnlyList<string> named)
    {
        Reads++;
        return [.. _paths.Select(path => Naming(path, OperatorFile.Read)), .. named.Select(ReadNamed)];
    }

    private IReadOnlyList<byte[]> AddNamed(IReadOnlyList<byte[]> content, T value) => _named is null ? content : [.. content.Take(_paths.Count), .. Named(value).Select(ReadNamed)];

    private static byte[] ReadNamed(string path) => UnlessLost(path, OperatorFile.Read, []);

    // What an edit names no more may be gone. The parser tells what is missing.
    private static TResult UnlessLost<TResult>(string path, Func<string, TResult> use, TResult otherwise)
    {
        try
        {
            return use(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return otherwise;
        }
    }

    private static bool AreSame(IReadOnlyList<byte[]> contents, IReadOnlyList<byte[]> others) =>
        contents.Count == others.Count && contents.Zip(others).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private void Consider(IReadOnlyList<byte[]> content)
    {
        if (AreSame(content, _content))
        {
            _candidate = null;
            if (_lastFault is not null)
            {
                _lastFault = null;
                LogBack(_name);
            }

            return;
        }

        if (_candidate is null || !AreSame(content, _candidate))
        {
            _candidate = content;
            return;
        }

        var isNamed = AreSame([.. content.Take(_paths.Count)], [.. _content.Take(_paths.Count)]);
        Take(content);
        _candidate = null;
        _lastFault = null;
        LogReloaded(isNamed ? $"A file that {_name} names" : _name);
    }

    private void Take(IReadOnlyList<byte[]> content)
    {
        var value = _parse(content);
        _content = AddNamed(content, value);
        Volatile.Write(ref _value, value);
    }

    [LoggerMessage(1, LogLevel.Information, "{Path} was edited and is in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(2, LogLevel.Error, "{Path} cannot be used, the last good version stays in force: {Reason}")]
    private partial void LogBroken(string path, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Path} can be used again; its content has not changed")]
    private partial void LogBack(string path);
}
