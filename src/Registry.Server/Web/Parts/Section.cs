namespace Registry.Server.Web.Parts;

/// <summary>Section of the navigation that a page belongs to.</summary>
internal enum Section
{
    None,
    Repositories,
    Trash,
    Space,
    Activity,
    Administration,
}
