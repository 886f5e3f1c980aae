using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Removal;

/// <summary>Result of <c>registry rm</c>.</summary>
/// <param name="IsDryRun">True if nothing was deleted.</param>
/// <param name="Images">The images, in the order of the arguments by repository.</param>
internal sealed record RemovalReport(bool IsDryRun, IReadOnlyList<RemovedImage> Images)
{
    /// <summary>Writes one line for each image: those that failed to the second writer.</summary>
    public void Write(TextWriter output, TextWriter error)
    {
        foreach (var image in Images)
        {
            if (image.Fault is { } fault)
            {
                error.WriteLine($"registry: {image.Image}: {fault}");
            }
            else
            {
                output.WriteLine(image.IsManifest ? DescribeManifest(image) : DescribeTag(image));
            }
        }
    }

    private string DescribeTag(RemovedImage image)
    {
        var rest = image.IsLastTag ? $"its manifest {image.Digest} stays without a tag" : $"its manifest {image.Digest} stays with its other tags";
        return IsDryRun ? $"{image.Image} would be deleted; {rest}" : $"{image.Image} is deleted; {rest}; 'registry tag rollback {image.Image}' sets the tag again";
    }

    private string DescribeManifest(RemovedImage image)
    {
        var tags = image.Tags.Count == 0 ? string.Empty : $" with its {(image.Tags.Count == 1 ? "tag" : "tags")} {string.Join(", ", image.Tags)}";
        return $"{image.Image} {(IsDryRun ? "would be" : "is")} deleted{tags}; {DescribeTrash(image)}";
    }

    private string DescribeTrash(RemovedImage image) => image.RestorableSeconds switch
    {
        0 or null => "it cannot be restored: the registry keeps no deleted manifests",
        { } seconds when IsDryRun => $"it could be restored for {RunningTime.Describe(seconds)} of running time",
        { } seconds => $"'registry trash restore {image.Image}' restores it, until {RunningTime.Until(seconds)}",
    };
}
