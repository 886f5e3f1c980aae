using Registry.Core.Storage;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>Maintenance that a person asks for: done by a command in the folder of a stopped registry, or as a job by a running one.</summary>
internal interface IMaintenanceWork
{
    /// <summary>Name of the work, as in its command and its route.</summary>
    string Kind { get; }

    /// <summary>Particulars of the work, as in the query of its route; empty without any.</summary>
    IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>State of things after an interruption, and what to do; a clause for people.</summary>
    string Interrupted { get; }

    /// <summary>Does the work.</summary>
    /// <param name="target">The registry. Its index is complete.</param>
    /// <param name="progress">Receives the progress; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="StorageException">The storage cannot be used; the message is for the operator.</exception>
    Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken);
}
