using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Access;

/// <summary>
/// A file, or some that only make sense together, that may be edited while the registry runs. Four times a second it is opened and looked at, and
/// read when it may have changed: when it is another file, or has another size or other times. An edit counts once two looks in a row have found
/// the same content: tools that write into the file itself, as Apache's htpasswd does, are caught half way otherwise, and half a list of users is
/// a valid one. An edit that cannot be read or understood keeps the last good one, and says so. Files that belong together are read together, so
/// that a new certificate waits for its key.
/// </summary>
/// <remarks>
/// Two edits within the granularity of a file system's clock, two seconds at the worst, leave the same times. So a file that has changed is read
/// at every look for longer than that; and once a minute whatever it looks like, for file systems that keep no such times. It is opened to be
/// looked at, because NFS asks its server for the times then (close-to-open consistency).
/// </remarks>
public sealed partial class WatchedFile<T> : IReloadable, IAsyncDisposable
    where T : class
{
    /// <summary>Between two looks. An edit needs two of them, and must be in force within a second.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    // Three seconds, and a minute.
    internal const int LooksAfterChange = 12;
    internal const int LooksBetweenReads = 240;

    private const int MaxSize = 16 * 1024 * 1024;

    private readonly IReadOnlyList<string> _paths;
    private readonly string _name;
    private readonly Func<IReadOnlyList<byte[]>, T> _parse;
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
    /// <exception cref="UnusableFileException">It cannot be read or understood.</exception>
    public WatchedFile(string path, Func<byte[], T> parse, TimeProvider time, ILogger logger)
        : this([path], contents => parse(contents[0]), time, logger)
    {
    }

    /// <summary>Reads files that belong together for the first time.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="parse">Makes one value of the contents, which are in the order of the paths.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Its log.</param>
    /// <exception cref="UnusableFileException">One cannot be read, or they cannot be understood.</exception>
    public WatchedFile(IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> parse, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(parse);
        _paths = paths;
        _name = string.Join(" with ", paths);
        _parse = parse;
        _logger = logger;
        try
        {
            _content = ReadFiles();
            _value = parse(_content);
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

    /// <summary>How often the files were read.</summary>
    internal int Reads { get; private set; }

    /// <summary>What the last good version of the file says.</summary>
    public T Value => Volatile.Read(ref _value);

    /// <inheritdoc/>
    /// <remarks>An operator who asks for it has finished the edit, so it does not wait for a second look.</remarks>
    public ReloadOutcome Reload()
    {
        lock (_turn)
        {
            try
            {
                var content = ReadFiles();
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

    /// <summary>One look at the file.</summary>
    internal void Look()
    {
        try
        {
            if (MayHaveChanged())
            {
                Consider(ReadFiles());
                _suspected = null;
            }
        }
#pragma warning disable CA1031 // Whatever is wrong with a file, the registry goes on with the last good version and keeps looking.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Editors take a file away for a moment: what is worth a line is there at the second look, too.
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
        FileStamp[] stamps = [.. _paths.Select(StampOf)];
        _stamps = stamps;
        _unchanged = before is not null && before.AsSpan().SequenceEqual(stamps) ? _unchanged + 1 : 0;
        return _unchanged <= LooksAfterChange || _unchanged % LooksBetweenReads == 0;
    }

    [SupportedOSPlatform("linux")]
    private FileStamp StampOf(string path)
    {
        using (Open(path, out var stamp))
        {
            return stamp;
        }
    }

    [SupportedOSPlatform("linux")]
    private SafeFileHandle Open(string path, out FileStamp stamp)
    {
        try
        {
            return Posix.OpenToWatch(path, out stamp);
        }
        catch (IOException e) when (_paths.Count > 1)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

    private FileStream OpenStream(string path) => OperatingSystem.IsLinux()
        ? new FileStream(Open(path, out _), FileAccess.Read, bufferSize: 0)
        : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    // One byte more than is allowed is read at most, whatever the path leads to.
    private byte[] ReadFile(string path)
    {
        using var stream = OpenStream(path);
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (stream.Read(buffer) is var count && count > 0)
        {
            content.Write(buffer, 0, count);
            if (content.Length > MaxSize)
            {
                throw new FormatException($"{Subject(path)} has more than {MaxSize / 1024 / 1024} MiB");
            }
        }

        return content.ToArray();
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

    // What the reason is about; whoever reports one of a single file names it already.
    private string Subject(string path) => _paths.Count == 1 ? "it" : path;

    private string ReasonOf(Exception e) => IoFault.Reason(e, _paths.Count == 1 ? _paths[0] : null);

    private byte[][] ReadFiles()
    {
        Reads++;
        return [.. _paths.Select(ReadFile)];
    }

    private static bool AreSame(IReadOnlyList<byte[]> contents, IReadOnlyList<byte[]> others) =>
        contents.Zip(others).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

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

        Take(content);
        _candidate = null;
        _lastFault = null;
        LogReloaded(_name);
    }

    private void Take(IReadOnlyList<byte[]> content)
    {
        Volatile.Write(ref _value, _parse(content));
        _content = content;
    }

    [LoggerMessage(1, LogLevel.Information, "{Path} was edited and is in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(2, LogLevel.Error, "{Path} cannot be used, the last good version stays in force: {Reason}")]
    private partial void LogBroken(string path, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Path} can be used again; its content has not changed")]
    private partial void LogBack(string path);
}
