using Microsoft.Extensions.Logging;

namespace Registry.Core.Access;

/// <summary>
/// A file that may be edited while the registry runs. It is read twice a second and compared by content, so that a mounted ConfigMap, which
/// swaps symbolic links and keeps old times, is noticed too. An edit that cannot be read or understood keeps the last good one, and says so.
/// </summary>
public sealed partial class WatchedFile<T> : IAsyncDisposable
    where T : class
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private const int MaxSize = 16 * 1024 * 1024;

    private readonly string _path;
    private readonly Func<byte[], T> _parse;
    private readonly ILogger _logger;
    private readonly PeriodicTimer _timer;
    private readonly Task _loop;
    private byte[] _content;
    private string? _lastFault;
    private T _value;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="FormatException">It cannot be understood.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public WatchedFile(string path, Func<byte[], T> parse, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(parse);
        _path = path;
        _parse = parse;
        _logger = logger;
        _content = ReadFile(path);
        _value = parse(_content);
        _timer = new PeriodicTimer(Period, time);
        _loop = Task.Run(WatchAsync);
    }

    /// <summary>What the last good version of the file says.</summary>
    public T Value => Volatile.Read(ref _value);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _loop;
    }

    private static byte[] ReadFile(string path)
    {
        var content = File.ReadAllBytes(path);
        return content.Length <= MaxSize ? content : throw new FormatException($"{content.Length} bytes are too many; at most {MaxSize} are allowed");
    }

    private async Task WatchAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            try
            {
                var content = ReadFile(_path);
                if (content.AsSpan().SequenceEqual(_content))
                {
                    if (_lastFault is not null)
                    {
                        _lastFault = null;
                        LogBack(_path);
                    }

                    continue;
                }

                Volatile.Write(ref _value, _parse(content));
                _content = content;
                _lastFault = null;
                LogReloaded(_path);
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
            {
                if (_lastFault != e.Message)
                {
                    _lastFault = e.Message;
                    LogBroken(_path, e.Message);
                }
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Path} was edited and is in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(2, LogLevel.Error, "{Path} cannot be used, the last good version stays in force: {Reason}")]
    private partial void LogBroken(string path, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Path} is again what it was")]
    private partial void LogBack(string path);
}
