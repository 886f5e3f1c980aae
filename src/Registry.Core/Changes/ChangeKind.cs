namespace Registry.Core.Changes;

/// <summary>Kind of a change of a repository. The numbers are stored: they never change, and none is used again.</summary>
public enum ChangeKind
{
    /// <summary>The repository sees a blob.</summary>
    BlobLinked = 1,

    /// <summary>The repository no longer sees a blob.</summary>
    BlobUnlinked = 2,

    /// <summary>The repository has a manifest.</summary>
    ManifestAdded = 3,

    /// <summary>A manifest is gone. Its tags have changes of their own, before this one.</summary>
    ManifestRemoved = 4,

    /// <summary>A tag refers to a manifest: to another one than before, to the same, or for the first time.</summary>
    TagSet = 5,

    /// <summary>A tag is gone.</summary>
    TagRemoved = 6,

    /// <summary>A manifest that the tag referred to earlier is gone, or no longer recorded for it. The tag stays as it is.</summary>
    TagForgotten = 7,

    /// <summary>The repository has another name, <see cref="RegistryChange.NewName"/>, with all that it holds. Recorded under the old name.</summary>
    RepositoryRenamed = 8,
}
