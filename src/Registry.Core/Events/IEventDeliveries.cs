using Registry.Core.Storage;

namespace Registry.Core.Events;

/// <summary>
/// How far the events of each endpoint were sent, and what became of the last ones. One process at a time sends to an endpoint, the one that holds it, and each of its lanes has a
/// position in <see cref="Changes.IChangeFeed"/>. It is no consumer of the feed: an endpoint keeps no change from being removed.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IEventDeliveries
{
    /// <summary>Takes an endpoint for a process, or goes on holding it.</summary>
    /// <param name="endpoint">Name of the endpoint. One that is not known begins.</param>
    /// <param name="holder">The process.</param>
    /// <param name="lease">Time for which the process holds it from now on. It counts from the call, by the clock of the metadata.</param>
    /// <param name="start">Position at which a new endpoint begins.</param>
    /// <returns>All lanes, by number; null if another process holds the endpoint.</returns>
    Task<IReadOnlyList<EventLane>?> HoldAsync(string endpoint, Guid holder, TimeSpan lease, long start);

    /// <summary>Ends the hold of a process; nothing if it has none.</summary>
    Task ReleaseAsync(string endpoint, Guid holder);

    /// <summary>Records how far lanes were sent. Survives the end of the process, but not a power cut: then some events are sent again.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="holder">The process.</param>
    /// <param name="lanes">The lanes as they are now.</param>
    /// <param name="deliveries">The events that ended with this.</param>
    /// <returns>False if a lane was not recorded: it was set back meanwhile, or the process does not hold the endpoint. It has to be held again.</returns>
    Task<bool> AdvanceAsync(string endpoint, Guid holder, IReadOnlyList<EventLane> lanes, IReadOnlyList<EventDelivery> deliveries);

    /// <summary>Sets all lanes of an endpoint to a position, so that what follows is sent again. False if the endpoint is not known.</summary>
    Task<bool> ReplayAsync(string endpoint, long position);

    /// <summary>Lists the lanes of an endpoint, by number; empty if it is not known.</summary>
    Task<IReadOnlyList<EventLane>> ListLanesAsync(string endpoint);

    /// <summary>Lists the last events of an endpoint that have ended, the newest first.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="areSetAside">True for those that were set aside, false for those that were delivered.</param>
    /// <param name="limit">Number of events, 1 or more.</param>
    Task<IReadOnlyList<EventDelivery>> ListAsync(string endpoint, bool areSetAside, int limit);

    /// <summary>Forgets endpoints that no process has held for a time, except some.</summary>
    /// <param name="kept">Names of endpoints that stay.</param>
    /// <param name="age">The time.</param>
    Task ForgetAsync(IReadOnlyCollection<string> kept, TimeSpan age);
}
