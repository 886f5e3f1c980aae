using Registry.Events;
using Registry.Mirror;
using Registry.Server.Configuration;
using Registry.Server.Health;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;

namespace Registry.Server.Web;

/// <summary>Parts of a running registry that only the pages for admins show.</summary>
/// <param name="Status">Reads its state.</param>
/// <param name="Jobs">Maintenance that people ask for.</param>
/// <param name="ReadOnly">The read-only mode.</param>
/// <param name="Settings">The settings with their origin.</param>
/// <param name="UserNames">Returns the users of the htpasswd file, in ordinal order.</param>
/// <param name="Mirror">Returns the pulls from mirrored repositories; null without a mirror.</param>
/// <param name="Events">Sends events to endpoints; null without a file of endpoints.</param>
internal sealed record AdministrationSources(
    StatusReader Status,
    MaintenanceJobs Jobs,
    ReadOnlyMode ReadOnly,
    IReadOnlyList<EffectiveSetting> Settings,
    Func<IReadOnlyList<string>> UserNames,
    Func<MirrorPulls?> Mirror,
    EventDispatch? Events);
