using Microsoft.Extensions.Logging;

namespace Registry.Server.Hosting;

/// <summary>
/// The two stages of a stop, each with the same time limit: the requests in flight, then the files that follow the database. A further signal ends the present
/// stage.
/// </summary>
internal sealed class StopStages(TimeSpan limit, ILogger logger) : IDisposable
{
    private readonly CancellationTokenSource _requests = new();
    private readonly CancellationTokenSource _files = new();
    private volatile bool _isAtFiles;

    /// <summary>Begins the first stage.</summary>
    /// <returns>Cancelled at its end.</returns>
    public CancellationToken BeginRequests()
    {
        _requests.CancelAfter(limit);
        return _requests.Token;
    }

    /// <summary>Begins the second stage.</summary>
    /// <returns>Cancelled at its end.</returns>
    public CancellationToken BeginFiles()
    {
        _isAtFiles = true;
        _files.CancelAfter(limit);
        return _files.Token;
    }

    /// <summary>Ends the present stage.</summary>
    public void CutOff()
    {
        try
        {
            if (_isAtFiles)
            {
                HostLog.CutOffFiles(logger);
                _files.Cancel();
            }
            else
            {
                HostLog.CutOff(logger);
                _requests.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // The stop has ended.
        }
    }

    public void Dispose()
    {
        _requests.Dispose();
        _files.Dispose();
    }
}
