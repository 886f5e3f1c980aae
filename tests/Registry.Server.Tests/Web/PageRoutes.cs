using System.Runtime.CompilerServices;
using Registry.Server.Requests;
using Registry.Server.Web;
using Registry.Server.Web.Assets;
using Registry.Server.Web.Pages;
using Registry.Server.Web.Pages.Administration;
using Registry.Server.Web.Pages.Administration.Events;
using Registry.Server.Web.Pages.Administration.Maintenance;
using Registry.Server.Web.Pages.Images;

namespace Registry.Server.Tests.Web;

/// <summary>The table of pages. Only its methods are named; none of them can be called.</summary>
internal static class PageRoutes
{
    public static IReadOnlyList<Route> Create()
    {
        var administration = new AdministrationPages(
            Never<StatusPage>(), Never<MaintenancePage>(), Never<CollectionPage>(), Never<RetentionPage>(), Never<VerificationPage>(), Never<ReadOnlyPage>(), Never<UploadsPage>(), Never<MirrorPage>(), Never<EventsPage>(),
            Never<DeliveriesPage>(), Never<ReplayPage>(), Never<SettingsPage>(), Never<UsersPage>());
        return PageTable.Create(
            Never<RepositoriesPage>(), Never<RepositoryPage>(), Never<ImagePage>(), Never<BlobPage>(), Never<ComparePage>(), Never<HistoryPage>(), Never<RollbackPage>(), Never<TrashPage>(), Never<TrashChangePage>(),
            Never<RestorationPage>(), Never<DeletionPage>(), Never<SpacePage>(), Never<ActivityPage>(), Never<LiveActivity>(), administration, Never<AssetStore>(), Never<LogInPage>());
    }

    private static T Never<T>() => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
}
