using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Files;
using Registry.Server.Telemetry.Logs;
using Registry.Storage.Files;

namespace Registry.Server.Transport.Output;

/// <summary>Logs connections that were closed because their answer could not be sent: a file or this program is at fault, not the peer.</summary>
/// <param name="faults">Limits the lines while a cause lasts.</param>
/// <param name="logger">The log.</param>
internal sealed partial class UnsentAnswers(RecurringFaults faults, ILogger<UnsentAnswers> logger)
{
    /// <summary>Reports a connection.</summary>
    public void Report(string connection, Exception error)
    {
        var cause = StorageFault.CauseOf(error);
        if (!faults.IsNew($"Answers that could not be sent, {cause?.Reason ?? (error is IOException ? error.Message : InternalErrorCause.Of(error))}"))
        {
            return;
        }

        if (error is IOException or UnauthorizedAccessException)
        {
            LogUnread(connection, IoFault.Reason(error), cause?.Remedy ?? "Check the disk, and run 'registry verify' with the registry stopped");
        }
        else
        {
            LogNotSent(connection, error);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Connection {Id} was closed: its answer could not be sent")]
    private partial void LogNotSent(string id, Exception exception);

    [LoggerMessage(2, LogLevel.Error,
        "Connection {Id} was closed, because the file of its answer could not be read: {Reason}. {Remedy}. Further answers with this fault are counted once a minute")]
    private partial void LogUnread(string id, string reason, string remedy);
}
