namespace Registry.Server.Web.Parts;

/// <summary>Direction of an order.</summary>
internal enum SortDirection
{
    Ascending,
    Descending,
}
