namespace Registry.Core.Indexing;

/// <summary>Kind of a link of the tree, in the order in which a listing has them.</summary>
public enum TreeLinkKind
{
    /// <summary>A blob that the repository sees.</summary>
    Blob,

    /// <summary>A manifest of the repository.</summary>
    Manifest,

    /// <summary>A manifest that a tag refers to or has referred to.</summary>
    TagHistory,

    /// <summary>The manifest that a tag refers to.</summary>
    Tag,
}
