using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Images;
using Registry.Images.Layouts;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>An import of the images of an OCI image layout, by the operations of a push.</summary>
/// <param name="source">Absolute path of the folder or archive, on the machine of the registry.</param>
/// <param name="isStandardInput">True if the path is a temporary file of the data folder that a command has written from its standard input; it is removed at the end.</param>
/// <param name="place">The repository, optionally with a tag; null for the names in the layout.</param>
/// <param name="maxManifestSize">Size of the largest accepted manifest, in bytes.</param>
internal sealed class ImportWork(string source, bool isStandardInput, ImageReference? place, long maxManifestSize) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "import";

    /// <summary>What to do for a registry whose machine is another one.</summary>
    public const string FromElsewhere = "a client can push into it: skopeo copy --all oci:FOLDER:TAG docker://HOST/REPOSITORY:TAG";

    // Of a running registry, whose memory the record shares with requests: about 40 MiB.
    private const int MaxEntriesBeside = 200_000;

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters
    {
        get
        {
            var parameters = WorkParameters.Of(("standardInput", isStandardInput));
            parameters.Add("path", source);
            if (place is not null)
            {
                parameters.Add("target", place.ToString());
            }

            return parameters;
        }
    }

    public string Interrupted =>
        "the import was interrupted; every tag that it has set is complete. Run it again to continue; otherwise 'registry gc --untagged' lists the manifests that it has left without a tag";

    private string SourceName => isStandardInput ? "the archive from standard input" : source;

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        try
        {
            if (target.Core.IsReadOnly)
            {
                return MaintenanceReport.Refuse("the registry is read-only, so nothing was imported; end that mode with 'registry read-only off', and run the command again");
            }

            var limits = new LayoutLimits(maxManifestSize);
            return new MaintenanceReport
            {
                Imported = await ImageImport.RunAsync(
                    target.CreateWriter(),
                    source,
                    place,
                    target.IsServing ? limits with { MaxEntries = MaxEntriesBeside } : limits,
                    WorkProgress.Part(progress, WorkDone.OfTransfer("Importing")),
                    cancellationToken),
            };
        }
        catch (LayoutException e)
        {
            return MaintenanceReport.Refuse($"{SourceName} {e.Message}{(target.IsServing && !isStandardInput && e.InnerException is IOException or UnauthorizedAccessException ? HowToPass : string.Empty)}");
        }
        catch (StorageException e) when (e.IsFull)
        {
            return MaintenanceReport.Refuse($"{SourceName} was not imported to its end, because the storage is full: {e.Message.TrimEnd('.')}. Every tag that was set is complete; make room, and run the command again");
        }
        finally
        {
            RemoveSpooled(target);
        }
    }

    private const string HowToPass = ". The registry itself reads it, as its own user and in the folders that its service may see; what it cannot read, pass to the command: registry import - < FILE, or tar -C FOLDER -c . | registry import -";

    // A command that was killed cannot.
    private void RemoveSpooled(MaintenanceTarget target)
    {
        if (isStandardInput && target.Storage.Folder?.Paths.Uploads is { } folder && Path.GetDirectoryName(source) == folder && Path.GetExtension(source) == ".tmp")
        {
            try
            {
                File.Delete(source);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next start removes it.
            }
        }
    }
}
