using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Server.Hosting;

/// <summary>
/// Runs an action periodically until it is disposed. A failure is logged once while it stays the same, and the next turn tries again. A failure of the
/// storage has no stack trace.
/// </summary>
public sealed partial class PeriodicTask : IAsyncDisposable
{
    private readonly string _name;
    private readonly Func<CancellationToken, Task> _run;
    private readonly ILogger<PeriodicTask> _logger;
    private readonly PeriodicTimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private string? _failure;

    public PeriodicTask(string name, TimeSpan period, Func<CancellationToken, Task> run, TimeProvider time, ILogger<PeriodicTask> logger)
    {
        _name = name;
        _run = run;
        _logger = logger;
        _timer = new PeriodicTimer(period, time);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Cancels the current turn and starts no other.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _timer.Dispose();
        await _loop;
        _stopping.Dispose();
    }

    private async Task LoopAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            try
            {
                await _run(_stopping.Token);
                if (_failure is not null)
                {
                    LogRecovered(_name);
                }

                _failure = null;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it was, the registry serves on, and the next turn tries again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Report(e);
            }
        }
    }

    private void Report(Exception e)
    {
        var isStorage = e is StorageException;
        var failure = isStorage ? e.Message : $"{e.GetType().Name}: {e.Message}";
        if (failure != _failure && isStorage)
        {
            LogStorageFailed(_name, failure);
        }
        else if (failure != _failure)
        {
            LogFailed(e, _name);
        }

        _failure = failure;
    }

    [LoggerMessage(1, LogLevel.Error, "{Task} failed and will be tried again")]
    private partial void LogFailed(Exception exception, string task);

    [LoggerMessage(2, LogLevel.Error, "{Task} failed and will be tried again: {Reason}")]
    private partial void LogStorageFailed(string task, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Task} works again")]
    private partial void LogRecovered(string task);
}
