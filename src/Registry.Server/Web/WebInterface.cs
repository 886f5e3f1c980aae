using Registry.Core;
using Registry.Core.Access;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Sessions;
using Registry.Core.Policies.Rules;
using Registry.Server.Configuration;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Routing;
using Registry.Server.Telemetry.Logs;
using Registry.Server.Web.Assets;
using Registry.Server.Web.Pages;
using Registry.Server.Web.Pages.Administration;
using Registry.Server.Web.Pages.Administration.Events;
using Registry.Server.Web.Pages.Administration.Maintenance;
using Registry.Server.Web.Pages.Images;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web;

/// <summary>Composition of the pages, and their routes.</summary>
internal static class WebInterface
{
    /// <summary>Routes of a registry without pages.</summary>
    public static IReadOnlyList<Route> WithoutPages => [new("GET", "/", Permission.Public, RootAnswer.GetAsync)];

    /// <summary>Composes the pages.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="core">The core.</param>
    /// <param name="authorizer">The access rules.</param>
    /// <param name="users">Log-ins and the check of their passwords; null for a registry without users of its own.</param>
    /// <param name="administration">What only the pages for admins show.</param>
    /// <param name="policies">Returns the rules about repositories that are in force.</param>
    /// <param name="failedLogins">Log of failed log-ins.</param>
    /// <param name="memory">Memory of requests.</param>
    /// <param name="time">The clock.</param>
    public static PageGroup Create(
        RegistryOptions options,
        RegistryCore core,
        Authorizer authorizer,
        (WebSessions Sessions, BasicAuthenticator Passwords)? users,
        AdministrationSources administration,
        Func<PolicyRules> policies,
        FailedLogins failedLogins,
        RequestMemory memory,
        TimeProvider time)
    {
        var assets = new AssetStore();
        var forms = new FormReader(memory.Bodies, options.Limits.HeldBody);
        var frame = new PageFrame(options.UiTitle, users is not null, assets);
        var gate = new PageGate(users?.Sessions, authorizer, new ChangeOrigins(options));
        if (!options.Ui)
        {
            return new PageGroup(new RouteTrie(WithoutPages), gate, new ErrorPage(frame)) { HasPages = false };
        }

        var images = new ImageLoader(core.Inspection, memory);
        var routes = PageTable.Create(
            new RepositoriesPage(frame, core.Inventory, new RepositorySearch(core.Inventory, core.Inspection), core.Space, gate, options.Authentication == AuthenticationKind.None),
            new RepositoryPage(frame, core.Inventory, policies, memory),
            new ImagePage(frame, images, core.Inventory, core.ManifestNames, core.Referrers),
            new BlobPage(frame, core.Inventory, core.ManifestNames, memory),
            new ComparePage(frame, images),
            new HistoryPage(frame, core.History, core.Inspection, core.ManifestNames),
            new RollbackPage(frame, core.Rollbacks, core.Inspection, core.ManifestNames, forms),
            new TrashPage(frame, core.Trash),
            new TrashChangePage(frame, core.Trash, core.Restores, core.Purges, forms),
            new RestorationPage(frame, core.Trash, core.Restores, forms),
            new DeletionPage(frame, core.Inventory, core.Manifests, core.Repositories, policies, forms, memory),
            new SpacePage(frame, core.Space, core.Inventory),
            new ActivityPage(frame, core.Activity),
            new LiveActivity(core.News, core.Activity, time),
            Create(administration, core, policies, frame, authorizer, forms, time),
            assets,
            users is var (sessions, passwords) ? new LogInPage(frame, sessions, passwords, forms, failedLogins) : null);
        return new PageGroup(new RouteTrie(routes), gate, new ErrorPage(frame));
    }

    private static AdministrationPages Create(
        AdministrationSources sources, RegistryCore core, Func<PolicyRules> policies, PageFrame frame, Authorizer authorizer, FormReader forms, TimeProvider time) => new(
        new StatusPage(frame, sources.Status),
        new MaintenancePage(frame, sources.Jobs, sources.ReadOnly, sources.Status.IsShared, forms),
        new CollectionPage(frame, sources.Jobs, sources.ReadOnly, forms),
        new RetentionPage(frame, sources.Jobs, sources.ReadOnly, forms, core.Retention),
        new VerificationPage(frame, sources.Jobs, sources.ReadOnly, forms),
        new ReadOnlyPage(frame, sources.ReadOnly, forms),
        new UploadsPage(frame, core.Uploads, sources.ReadOnly, forms, time),
        new MirrorPage(frame, sources.Mirror),
        new EventsPage(frame, sources.Events, sources.ReadOnly),
        new DeliveriesPage(frame, sources.Events, sources.ReadOnly),
        new ReplayPage(frame, sources.Events, sources.ReadOnly, forms),
        new SettingsPage(frame, sources.Settings),
        new UsersPage(frame, authorizer, sources.UserNames, policies));
}
